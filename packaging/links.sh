#!/bin/sh
# Makes the documents of a folder readable where they are installed: packaging/links.sh FOLDER
#
# In the tree they point to one another, to examples, pictures and sources. Installed, each package has some of them, all in one folder.
# What lies beside a document stays a link, by its place there; what does not becomes a name. Run by `make install-doc` and by what makes
# packages, on copies; never on the tree.
set -eu
cd "$1"
mark=$(printf '\001')

beside() {
    for file in *.md; do
        [ "$file" = '*.md' ] || printf 's@\\]\\((\\.\\./)?(docs/)?%s(#[^)]*)?\\)@]%s(%s\\3)@g\n' "$(printf %s "$file" | sed 's/\./\\./g')" "$mark" "$file"
    done
    [ ! -d examples ] || printf 's@\\]\\((\\.\\./)?config/((pam\\.d|sshd_config\\.d|fail2ban)[^)]*)\\)@]%s(examples/\\2)@g\n' "$mark"
}

rules=$(
    beside
    sed -n p <<END
s@\]\((https?:|#)@]$mark(\1@g
/^ *(<img [^>]*> *\\\\?)+\$/d
s@<img [^>]*>@@g
s@!\[[^][]*\]\([^)]*\)@@g
s@\[(\`?)([^][\`]+)(\`?)\]\(([^)]*/)?\2(#[^)]*)?\)@\1\2\3@g
s@\[([^][]*)\]\((\.\./)*(docs/)?([^)#]*)(#[^)]*)?\)@\1 (\4)@g
s@$mark@@g
END
)
for file in *.md; do
    [ "$file" = '*.md' ] || sed -E -i "$rules" "$file"
done
