//! The benchmark: whole logins through libpam, our module beside its peers, in one run on one disk.
//!
//! `tests/bench/run.sh` builds release programs and runs it; `docs/performance.md` holds what it printed. Nothing asserts
//! a time. What must never happen: a login in the numbers that was not a success with a code never used before.

mod disk;
mod ground;
mod lists;
mod logins;
mod numbers;
mod socket;

use ground::{Contender, Ground};
use logins::{Crowd, Process};
use numbers::{Figures, median};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How the benchmark is run; the defaults are those of `docs/performance.md`.
struct Options {
    /// How often everything is measured; the table has medians.
    rounds: usize,
    sizes: Vec<usize>,
    processes: Vec<usize>,
    contenders: Vec<Contender>,
    /// A folder on the disk to measure; emptied before and after.
    disk: PathBuf,
    /// The compiled `login.c`.
    login: PathBuf,
}

fn main() {
    let options = parse(std::env::args().skip(1));
    let mut ground = Ground::new(&options.disk);
    let mut floors = BTreeMap::new();
    let mut sockets: BTreeMap<usize, Vec<Figures>> = BTreeMap::new();
    let mut whole: BTreeMap<(usize, usize, Contender), Vec<Figures>> = BTreeMap::new();
    let mut costs: BTreeMap<(usize, usize, Contender), Vec<Process>> = BTreeMap::new();
    let mut warm: BTreeMap<Contender, Vec<Figures>> = BTreeMap::new();
    let mut lists = Vec::new();
    let crowd = |processes| Crowd { processes, program: &options.login, fresh: true };
    for &size in &options.sizes {
        ground.fill(size);
        for round in 0..options.rounds {
            eprintln!("{size} files, round {} of {}", round + 1, options.rounds);
            for &processes in &options.processes {
                floors.entry(processes).or_insert_with(Vec::new).push(disk::flushes(&ground.floor(), processes));
                for &contender in &options.contenders {
                    let (figures, process) = logins::run(&mut ground, contender, &crowd(processes));
                    whole.entry((size, processes, contender)).or_default().push(figures);
                    costs.entry((size, processes, contender)).or_default().push(process);
                }
                sockets.entry(processes).or_default().push(socket::run(&mut ground, processes));
            }
            for &contender in &options.contenders {
                let alone = Crowd { fresh: false, ..crowd(1) };
                warm.entry(contender).or_default().push(logins::run(&mut ground, contender, &alone).0);
            }
        }
        ground.fill(size);
        ground.leave_some_out();
        ground.start_mfad();
        for list in lists::LISTS {
            lists.push((size, list, lists::run(&ground, list, options.rounds.max(3))));
        }
        ground.stop_mfad();
    }
    println!(
        "| files | processes | program | p50 ms | p99 ms | logins/s | of pam_mfa's p50 | fork to exit: p50 ms | p99 ms | processor µs, and mfad's | mfad's peak MiB | failed |"
    );
    println!("|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for ((size, processes, contender), rounds) in &whole {
        let ours = whole.get(&(*size, *processes, Contender::MfaTotp)).map(|ours| median(ours, |f| f.p50));
        let p50 = median(rounds, |f| f.p50);
        let ratio = ours.map_or_else(String::new, |ours| format!("{:.1}", p50 / ours));
        let peak = rounds
            .iter()
            .filter_map(|f| f.peak)
            .fold(None, |most: Option<f64>, mib| Some(most.map_or(mib, |m| m.max(mib))));
        let peak = peak.map_or_else(String::new, |mib| format!("{mib:.1}"));
        let costs = &costs[&(*size, *processes, *contender)];
        let (processor, process): (_, Vec<_>) = (micros(costs), costs.iter().map(|cost| cost.times.clone()).collect());
        let failed: usize = rounds.iter().map(|f| f.failed).sum();
        println!(
            "| {size} | {processes} | {contender} | {} | {:.2} | {:.0} | {ratio} | {} | {:.2} | {processor} | {peak} | {failed} |",
            numbers::spread(rounds),
            median(rounds, |f| f.p99),
            median(rounds, |f| f.per_second),
            numbers::spread(&process),
            median(&process, |f| f.p99)
        );
    }
    println!("\n| files | command | lines | seconds |\n|--:|---|--:|--:|");
    for (size, list, listed) in &lists {
        let at = |index: usize| listed.seconds.get(index).copied().unwrap_or(f64::NAN);
        let (middle, last) = (listed.seconds.len() / 2, listed.seconds.len().saturating_sub(1));
        println!(
            "| {size} | `mfactl {}` | {} | {:.3} ({:.3}–{:.3}) |",
            list.join(" "),
            listed.lines,
            at(middle),
            at(0),
            at(last)
        );
    }
    println!("\n| logins in one process, modules kept where they allow it | p50 ms |\n|---|--:|");
    for (contender, rounds) in &warm {
        println!("| {contender} | {} |", numbers::spread(rounds));
    }
    println!(
        "\n| connections | decisions/s at mfad's socket | p50 ms | p99 ms | pwrite+fdatasync/s | p50 ms |\n|--:|--:|--:|--:|--:|--:|"
    );
    for (processes, rounds) in &sockets {
        let floor = &floors[processes];
        println!(
            "| {processes} | {:.0} | {} | {:.2} | {:.0} | {} |",
            median(rounds, |f| f.per_second),
            numbers::spread(rounds),
            median(rounds, |f| f.p99),
            median(floor, |f| f.per_second),
            numbers::spread(floor)
        );
    }
    ground.clear();
}

/// The medians of what a login costs its own process, and mfad, in microseconds.
fn micros(rounds: &[Process]) -> String {
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).map(Duration::as_micros)
    };
    let own = median(rounds.iter().map(|round| round.own).collect()).unwrap_or_default();
    match median(rounds.iter().filter_map(|round| round.mfads).collect()) {
        Some(mfads) => format!("{own} + {mfads}"),
        None => own.to_string(),
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Options {
    let mut options = Options {
        rounds: 3,
        sizes: vec![1, 1_000, 100_000],
        processes: vec![1, 8, 64],
        contenders: Contender::ALL.to_vec(),
        disk: PathBuf::new(),
        login: PathBuf::new(),
    };
    while let Some(arg) = args.next() {
        let value = args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        let numbers = || value.split(',').map(|n| n.parse().unwrap_or_else(|e| panic!("{arg} {value}: {e}"))).collect();
        match arg.as_str() {
            "--rounds" => options.rounds = value.parse().expect("a number"),
            "--sizes" => options.sizes = numbers(),
            "--processes" => options.processes = numbers(),
            "--only" => options.contenders.retain(|c| value.split(',').any(|name| c.service() == name)),
            "--disk" => options.disk = value.into(),
            "--login" => options.login = value.into(),
            other => panic!("unknown option {other}"),
        }
    }
    assert!(options.disk.is_absolute() && options.login.is_absolute(), "--disk and --login need absolute paths");
    options
}
