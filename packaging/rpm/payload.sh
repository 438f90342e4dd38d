#!/bin/bash
# What is in RPM packages, a line each: package, path, mode, owner, flags (d documentation, c configuration, g ghost, l licence).
#
#   packaging/rpm/payload.sh PACKAGE.rpm…
#
# Called by packaging/build-rpm.sh, which compares it with payload.list. Where distributions differ it is
# levelled: compressed manuals lose their ending, folders of licences their version, and links by build id are left out.
set -euo pipefail
for package; do
    name=$(rpm -qp --nosignature --qf '%{NAME}' "$package" 2>/dev/null)
    version=$(rpm -qp --nosignature --qf '%{VERSION}' "$package" 2>/dev/null)
    rpm -qp --nosignature --qf "[$name %{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags}\n]" "$package" 2>/dev/null |
        sed -E "\\|^[^ ]+ /usr/lib/\.build-id|d; s|^([^ ]+ /usr/share/man/[^ ]*)\.gz |\1 |; s|^($name /usr/share/licenses/$name)-$version|\1|; s/ \$//"
done | LC_ALL=C sort
