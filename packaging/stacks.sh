# Which files of PAM's name pam_mfa.so, one a line: a stack that names a module that is gone refuses everybody.
#
#   sh stacks.sh [ROOT]
#
# Installed with the module and with mfad, whose packages stay while this says anything; mfad/src/ctl/doctor/edge.rs looks in the same
# folders. Nothing is changed. What must not happen: a line left out that libpam reads. One too many only holds a package.

root=${1:-}

# In libpam's order: a file of an earlier folder stands for those of its name in later ones. Which of the vendor's folders there are
# libpam's builder decides: /usr/lib/pam.d as a rule, openSUSE's /usr/etc/pam.d, /usr/share/pam.d elsewhere.
folders='/etc/pam.d /usr/lib/pam.d /usr/etc/pam.d /usr/share/pam.d'

# The lines of a file: comments cut, then continued ones joined, as libpam does, over blank ones too.
lines() {
    sed -e 's/#.*//' -e '/^[[:blank:]]*$/d' "$root$1" | sed -e :more -e '/\\[[:blank:]]*$/{N;s/\\[[:blank:]]*\n/ /;b more' -e '}'
}

# The file that is read for a name, or at a path.
found() {
    case $1 in
    /*) echo "$1" ;;
    *)
        for folder in $folders; do
            if [ -f "$root$folder/$1" ]; then
                echo "$folder/$1"
                return
            fi
        done
        ;;
    esac
}

# What is there to be asked for by name: leavings of editors and package managers are not.
set -- /etc/pam.conf
for folder in $folders; do
    for file in "$root$folder"/*; do
        case $file in
        *~ | *.bak | *.orig | *.dpkg-* | *.ucf-* | *.pam-old | *.rpmsave | *.rpmnew | *.rpmorig | *.pacsave | *.pacnew | *.pacorig) ;;
        *) set -- "$@" "$(found "${file##*/}")" ;;
        esac
    done
done

# What they include as well, whatever it is called and wherever it is.
set -f
looked=' '
while [ $# -gt 0 ]; do
    file=$1
    shift
    case $looked in *" $file "*) continue ;; esac
    looked="$looked$file "
    [ -f "$root$file" ] || continue
    if lines "$file" | grep -q 'pam_mfa\.so'; then
        echo "$file"
    fi
    for name in $(lines "$file" | sed -nE 's/^[[:blank:]]*(.*[[:blank:]])?@?(include|substack)[[:blank:]]+([^[:blank:]]+).*/\3/Ip'); do
        set -- "$@" "$(found "$name")"
    done
done
