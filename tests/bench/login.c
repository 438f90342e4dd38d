/* One process of the benchmark: logs users in through libpam and measures each login.
 *
 *     bench-login CONFDIR SERVICE SECONDS fresh|same
 *
 * In C because the programs that call PAM are: a Rust program has libgcc_s loaded before the module needs it, and the
 * module's load would look cheaper than it is in sshd. For the same reason each login has a process of its own
 * (`fresh`, a fork of this small one): a module that stays loaded would be measured once. `same` makes all logins in
 * this process, as a screen locker does.
 *
 * Reads a line per user from standard input: `NAME PERIOD FIRST CODE...`, the codes of successive counters (PERIOD 0)
 * or time steps from FIRST on; then an empty line. Says `ready`, waits for another line, logs in until every code is
 * used or the time is over, and prints `PAM_CODE NANOSECONDS NANOSECONDS` per login, `busy NANOSECONDS` for all of it, and
 * `used NANOSECONDS` of processors. Measured of each login is pam_start_confdir to pam_end, and from before the fork until the process is
 * gone: where many compete for a processor, a login may wait for one before its first instruction. A time step's code is used once, in
 * rising order, within one step of now.
 */
#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct user {
    char *name;
    long period, first;
    int count;
    char **codes;
};

struct result {
    long pam_code;
    long nanoseconds;
    long with_process;
};

static struct result *results;
static int logins;
static long slept;

static long nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* Processor time of this process and of its children that have ended. */
static long used(void)
{
    long sum = 0;
    for (int who = 0; who < 2; who++) {
        struct rusage usage;
        getrusage(who ? RUSAGE_CHILDREN : RUSAGE_SELF, &usage);
        sum += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000L;
        sum += (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000L;
    }
    return sum;
}

static int answer(int count, const struct pam_message **messages, struct pam_response **responses, void *code)
{
    struct pam_response *made = calloc(count, sizeof *made);
    for (int n = 0; n < count; n++)
        if (messages[n]->msg_style == PAM_PROMPT_ECHO_OFF || messages[n]->msg_style == PAM_PROMPT_ECHO_ON)
            made[n].resp = strdup(code);
    *responses = made;
    return PAM_SUCCESS;
}

static struct result login(const char *confdir, const char *service, const char *name, char *code)
{
    struct pam_conv conversation = { answer, code };
    pam_handle_t *handle = NULL;
    long start = nanoseconds(CLOCK_MONOTONIC);
    int pam_code = pam_start_confdir(service, name, &conversation, confdir, &handle);
    if (pam_code == PAM_SUCCESS)
        pam_code = pam_authenticate(handle, 0);
    if (handle)
        pam_end(handle, pam_code);
    long took = nanoseconds(CLOCK_MONOTONIC) - start;
    return (struct result){ pam_code, took, took };
}

static struct result login_apart(const char *confdir, const char *service, const char *name, char *code)
{
    struct result result = { -1, 0, 0 };
    int ends[2];
    long start = nanoseconds(CLOCK_MONOTONIC);
    if (pipe(ends) != 0)
        return result;
    pid_t child = fork();
    if (child == 0) {
        result = login(confdir, service, name, code);
        _exit(write(ends[1], &result, sizeof result) != sizeof result);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &result, sizeof result) != sizeof result)
        result.pam_code = -1;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    result.with_process = nanoseconds(CLOCK_MONOTONIC) - start;
    return result;
}

/* The index of the next code of a user that may be used now, or -1. `last` is the index used last. */
static int next_code(const struct user *user, int last)
{
    if (user->period == 0)
        return last + 1 < user->count ? last + 1 : -1;
    long now = nanoseconds(CLOCK_REALTIME) / 1000000, step = now / 1000 / user->period;
    long wanted = user->first + last + 1 > step - 1 ? user->first + last + 1 : step - 1;
    if (wanted < step && now % (user->period * 1000) > (user->period - 2) * 1000) {
        /* The code would be too old by the time it is looked at. */
        long wait = user->period * 1000 - now % (user->period * 1000) + 1;
        usleep(wait * 1000);
        slept += wait * 1000000;
        step++;
        wanted = wanted > step - 1 ? wanted : step - 1;
    }
    return wanted <= step + 1 && wanted - user->first < user->count ? (int)(wanted - user->first) : -1;
}

static int read_users(struct user **users)
{
    char *line = NULL, *rest;
    size_t size = 0;
    int count = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 1) {
        line[length - 1] = 0;
        *users = realloc(*users, (count + 1) * sizeof **users);
        struct user *user = &(*users)[count++];
        *user = (struct user){ strdup(strtok_r(line, " ", &rest)), atol(strtok_r(NULL, " ", &rest)),
                               atol(strtok_r(NULL, " ", &rest)), 0, NULL };
        for (char *code; (code = strtok_r(NULL, " ", &rest)); user->count++) {
            user->codes = realloc(user->codes, (user->count + 1) * sizeof *user->codes);
            user->codes[user->count] = strdup(code);
        }
    }
    free(line);
    return count;
}

int main(int argc, char **argv)
{
    struct user *users = NULL;
    if (argc != 5)
        return 2;
    int count = read_users(&users), most = 0;
    for (int n = 0; n < count; n++)
        most += users[n].count;
    results = calloc(most, sizeof *results);
    puts("ready");
    fflush(stdout);
    if (getchar() == EOF)
        return 1;
    long before = used(), start = nanoseconds(CLOCK_MONOTONIC), end = start + atol(argv[3]) * 1000000000L;
    int fresh = strcmp(argv[4], "same") != 0;
    for (int n = 0; n < count; n++) {
        const struct user *user = &users[n];
        for (int last = -1; (last = next_code(user, last)) >= 0 && nanoseconds(CLOCK_MONOTONIC) < end;)
            results[logins++] = (fresh ? login_apart : login)(argv[1], argv[2], user->name, user->codes[last]);
    }
    long busy = nanoseconds(CLOCK_MONOTONIC) - start - slept, spent = used() - before;
    for (int n = 0; n < logins; n++)
        printf("%ld %ld %ld\n", results[n].pam_code, results[n].nanoseconds, results[n].with_process);
    printf("busy %ld\nused %ld\n", busy, spent);
    return 0;
}
