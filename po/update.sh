#!/bin/sh
# Takes the texts of the sources into the template, and the template's into the translations. A new language: its name into LINGUAS,
# and `msginit --locale=NAME` in this folder.
set -eu
cd "$(dirname "$0")/.."
MFA_WRITE_TEMPLATE=1 cargo test --quiet --locked -p mfa-authenticator --lib the_template_has_every_text
for language in $(cat po/LINGUAS); do
    msgmerge --quiet --update --backup=none "po/$language.po" po/mfa-authenticator.pot
done
