# Builds and installs pam_mfa, for packagers and for those who install by hand.
#
#   make build               everything, offline once `cargo fetch --locked` was run
#   make check               the tests that need neither root nor a bus nor the network
#   make install DESTDIR=…   copies what was built; or install-module, install-daemon, install-authenticator, install-doc
#   make install-strip       the same without symbols, which debuggers and profilers would read
#   make bill                what is linked in: CycloneDX, licences and third-party notices, in $CARGO_TARGET_DIR/bill
#   make uninstall DESTDIR=… removes the same files again; never /etc/pam_mfa/mfa.toml or /var/lib/pam_mfa
#
# `install` never builds, needs no root with DESTDIR, and never touches the running system: no unit is started, no stack changed.
# With GUI= nothing of GTK is needed, and the authenticator has no window; with PARTS="module daemon" there is no authenticator.

CARGO = cargo
CARGOFLAGS = --locked
GUI = yes
PARTS = module daemon authenticator
INSTALL = install
# Of programs and the module alone.
INSTALL_PROGRAM = $(INSTALL)
MSGFMT = msgfmt

# libpam, systemd, D-Bus, polkit and man-db look for most of this below /usr alone, so /usr is the default. mfad reads its policy
# from /usr/lib/pam_mfa and /etc/pam_mfa wherever it is installed.
PREFIX = /usr
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
LIBEXECDIR = $(PREFIX)/libexec
DATADIR = $(PREFIX)/share
SYSCONFDIR = /etc
MANDIR = $(DATADIR)/man
# Where translations are; `build` writes it into the authenticator.
LOCALEDIR = $(DATADIR)/locale
DOCDIR = $(DATADIR)/doc/pam_mfa
# Debian: /usr/lib/x86_64-linux-gnu/security. Fedora: /usr/lib64/security, and PAMMODE=0755. Arch: /usr/lib/security.
MULTIARCH := $(shell (dpkg-architecture -qDEB_HOST_MULTIARCH || gcc -print-multiarch) 2>/dev/null)
PAMDIR = $(LIBDIR)/$(if $(MULTIARCH),$(MULTIARCH)/)security
PAMMODE = 0644
PAMCONFIGSDIR = $(DATADIR)/pam-configs
UNITDIR = /usr/lib/systemd/system
USERUNITDIR = /usr/lib/systemd/user
SYSUSERSDIR = /usr/lib/sysusers.d
TMPFILESDIR = /usr/lib/tmpfiles.d
DBUSDIR = $(DATADIR)/dbus-1
POLKITDIR = $(DATADIR)/polkit-1/actions
APPARMORDIR = $(SYSCONFDIR)/apparmor.d
AUTOSTARTDIR = $(SYSCONFDIR)/xdg/autostart
BASHCOMPDIR = $(DATADIR)/bash-completion/completions
# Debian: /usr/share/zsh/vendor-completions.
ZSHCOMPDIR = $(DATADIR)/zsh/site-functions
FISHCOMPDIR = $(DATADIR)/fish/vendor_completions.d

TARGET := $(or $(CARGO_TARGET_DIR),target)
# Where cargo puts it. Instead of --target in CARGOFLAGS say CARGO_BUILD_TARGET=TRIPLE, which cargo reads as well.
RELEASE = $(TARGET)$(addprefix /,$(CARGO_BUILD_TARGET))/release
# What is made from the command lines; mfa-pages has to run on the machine that builds.
PAGES = $(TARGET)/pages
# The translations, made from po.
LOCALE = $(TARGET)/locale
languages := $(strip $(file <po/LINGUAS))
authenticator = $(filter authenticator,$(PARTS))
programs = -p mfad $(if $(authenticator),-p mfa-authenticator $(if $(GUI),--features mfa-authenticator/gui))
page_features = $(if $(authenticator),$(if $(GUI),--features gui),--no-default-features)

# Files name the usual folders; where a distribution has others, they are told so.
settle = sed -e 's|/usr/libexec/mfad|$(LIBEXECDIR)/mfad|g' -e 's|/usr/bin/|$(BINDIR)/|g'
# $(call text,FILE,PATH): a file that names programs, settled.
define text
	$(INSTALL) -d "$(DESTDIR)$(dir $(2))"
	$(settle) $(1) >"$(DESTDIR)$(2)"
	chmod 0644 "$(DESTDIR)$(2)"
endef
data = $(INSTALL) -D -m 0644
program = $(INSTALL_PROGRAM) -D -m 0755

module_files = $(PAMDIR)/pam_mfa.so $(DATADIR)/pam_mfa/stacks.sh $(PAMCONFIGSDIR)/mfa $(MANDIR)/man8/pam_mfa.8
daemon_files = $(LIBEXECDIR)/mfad $(BINDIR)/mfactl $(DATADIR)/mfad/stacks.sh /usr/lib/pam_mfa/mfa.toml \
	$(UNITDIR)/mfad.service $(UNITDIR)/mfad.socket $(UNITDIR)/mfad-user.socket \
	$(SYSUSERSDIR)/mfad.conf $(TMPFILESDIR)/mfad.conf \
	$(DBUSDIR)/system.d/io.github.pam_mfa.Daemon.conf $(DBUSDIR)/system-services/io.github.pam_mfa.Daemon.service \
	$(addprefix $(DBUSDIR)/interfaces/,$(notdir $(wildcard packaging/dbus/*.xml))) \
	$(addprefix $(POLKITDIR)/,$(notdir $(wildcard packaging/polkit/*.policy))) \
	$(APPARMORDIR)/usr.libexec.mfad $(APPARMORDIR)/abstractions/pam_mfa \
	$(MANDIR)/man8/mfad.8 $(MANDIR)/man8/mfactl.8 $(MANDIR)/man5/mfa.toml.5 $(MANDIR)/man7/mfa-push.7 \
	$(BASHCOMPDIR)/mfactl $(ZSHCOMPDIR)/_mfactl $(FISHCOMPDIR)/mfactl.fish
window_files = $(DATADIR)/applications/io.github.pam_mfa.Authenticator.desktop \
	$(DATADIR)/metainfo/io.github.pam_mfa.Authenticator.metainfo.xml \
	$(DATADIR)/gnome-shell/search-providers/io.github.pam_mfa.Authenticator.search-provider.ini \
	$(DBUSDIR)/services/io.github.pam_mfa.Authenticator.service \
	$(DATADIR)/icons/hicolor/scalable/apps/io.github.pam_mfa.Authenticator.svg \
	$(DATADIR)/icons/hicolor/symbolic/apps/io.github.pam_mfa.Authenticator-symbolic.svg
authenticator_files = $(BINDIR)/mfa-authenticator $(USERUNITDIR)/mfa-authenticator.service \
	$(DBUSDIR)/services/io.github.pam_mfa.Authenticator.Agent.service \
	$(AUTOSTARTDIR)/io.github.pam_mfa.Authenticator.Agent.desktop \
	$(MANDIR)/man1/mfa-authenticator.1 \
	$(BASHCOMPDIR)/mfa-authenticator $(ZSHCOMPDIR)/_mfa-authenticator $(FISHCOMPDIR)/mfa-authenticator.fish \
	$(foreach language,$(languages),$(LOCALEDIR)/$(language)/LC_MESSAGES/mfa-authenticator.mo) \
	$(if $(GUI),$(window_files))

.PHONY: build check bill install install-strip install-module install-daemon install-authenticator install-doc uninstall

# The module by a call of its own: built with the others, its dependencies would get features that only they need.
build:
	$(CARGO) build --release $(CARGOFLAGS) -p pam_mfa
	MFA_LOCALEDIR=$(LOCALEDIR) $(CARGO) build --release $(CARGOFLAGS) $(programs)
	MFA_LOCALEDIR=$(LOCALEDIR) $(CARGO) run --release $(CARGOFLAGS) -p mfa-pages $(page_features) -- "$(PAGES)"
ifneq ($(authenticator),)
	mkdir -p "$(LOCALE)"
	for language in $(languages); do $(MSGFMT) -o "$(LOCALE)/$$language.mo" po/$$language.po || exit 1; done
endif

check:
	$(CARGO) test $(CARGOFLAGS) -p pam_mfa
	$(CARGO) test $(CARGOFLAGS) -p mfa-core --all-features
	$(CARGO) test $(CARGOFLAGS) -p mfad --lib --test shipped_config --test doctor_stacks
	$(if $(authenticator),$(CARGO) test $(CARGOFLAGS) -p mfa-authenticator --lib)

bill:
	mkdir -p "$(TARGET)/bill"
	$(CARGO) run --quiet $(CARGOFLAGS) -p mfa-bill -- sbom >"$(TARGET)/bill/pam_mfa.cdx.json"
	$(CARGO) run --quiet $(CARGOFLAGS) -p mfa-bill -- licences >"$(TARGET)/bill/LICENCES"
	$(CARGO) run --quiet $(CARGOFLAGS) -p mfa-bill -- notices >"$(TARGET)/bill/NOTICES"

install: $(addprefix install-,$(PARTS)) install-doc

# What distributions do by their own tools (dh_strip, find-debuginfo) stays off in `install`.
install-strip:
	$(MAKE) INSTALL_PROGRAM='$(INSTALL_PROGRAM) -s' install

install-module:
	$(INSTALL_PROGRAM) -D -m $(PAMMODE) "$(RELEASE)/libpam_mfa.so" "$(DESTDIR)$(PAMDIR)/pam_mfa.so"
	$(data) packaging/stacks.sh "$(DESTDIR)$(DATADIR)/pam_mfa/stacks.sh"
	$(data) packaging/pam-configs/mfa "$(DESTDIR)$(PAMCONFIGSDIR)/mfa"
	$(data) packaging/man/pam_mfa.8 "$(DESTDIR)$(MANDIR)/man8/pam_mfa.8"

install-daemon:
	$(program) "$(RELEASE)/mfad" "$(DESTDIR)$(LIBEXECDIR)/mfad"
	$(program) "$(RELEASE)/mfactl" "$(DESTDIR)$(BINDIR)/mfactl"
	$(data) packaging/stacks.sh "$(DESTDIR)$(DATADIR)/mfad/stacks.sh"
	$(data) config/mfa.toml "$(DESTDIR)/usr/lib/pam_mfa/mfa.toml"
	$(INSTALL) -d -m 0755 "$(DESTDIR)/etc/pam_mfa/mfa.toml.d"
	$(call text,packaging/systemd/mfad.service,$(UNITDIR)/mfad.service)
	$(data) packaging/systemd/mfad.socket "$(DESTDIR)$(UNITDIR)/mfad.socket"
	$(data) packaging/systemd/mfad-user.socket "$(DESTDIR)$(UNITDIR)/mfad-user.socket"
	$(data) packaging/sysusers/mfad.conf "$(DESTDIR)$(SYSUSERSDIR)/mfad.conf"
	$(data) packaging/tmpfiles/mfad.conf "$(DESTDIR)$(TMPFILESDIR)/mfad.conf"
	$(data) packaging/dbus/io.github.pam_mfa.Daemon.conf "$(DESTDIR)$(DBUSDIR)/system.d/io.github.pam_mfa.Daemon.conf"
	$(call text,packaging/dbus/io.github.pam_mfa.Daemon.service,$(DBUSDIR)/system-services/io.github.pam_mfa.Daemon.service)
	for xml in packaging/dbus/*.xml; do $(data) $$xml "$(DESTDIR)$(DBUSDIR)/interfaces/$${xml##*/}" || exit 1; done
	for policy in packaging/polkit/*.policy; do $(data) $$policy "$(DESTDIR)$(POLKITDIR)/$${policy##*/}" || exit 1; done
	$(call text,packaging/apparmor/usr.libexec.mfad,$(APPARMORDIR)/usr.libexec.mfad)
	$(data) packaging/apparmor/abstractions/pam_mfa "$(DESTDIR)$(APPARMORDIR)/abstractions/pam_mfa"
	$(call text,packaging/man/mfad.8,$(MANDIR)/man8/mfad.8)
	$(data) "$(PAGES)/mfactl.8" "$(DESTDIR)$(MANDIR)/man8/mfactl.8"
	$(data) packaging/man/mfa.toml.5 "$(DESTDIR)$(MANDIR)/man5/mfa.toml.5"
	$(data) packaging/man/mfa-push.7 "$(DESTDIR)$(MANDIR)/man7/mfa-push.7"
	$(data) "$(PAGES)/mfactl.bash" "$(DESTDIR)$(BASHCOMPDIR)/mfactl"
	$(data) "$(PAGES)/_mfactl" "$(DESTDIR)$(ZSHCOMPDIR)/_mfactl"
	$(data) "$(PAGES)/mfactl.fish" "$(DESTDIR)$(FISHCOMPDIR)/mfactl.fish"

install-authenticator:
	$(program) "$(RELEASE)/mfa-authenticator" "$(DESTDIR)$(BINDIR)/mfa-authenticator"
	$(call text,packaging/systemd/user/mfa-authenticator.service,$(USERUNITDIR)/mfa-authenticator.service)
	$(call text,packaging/dbus/io.github.pam_mfa.Authenticator.Agent.service,$(DBUSDIR)/services/io.github.pam_mfa.Authenticator.Agent.service)
	$(call text,packaging/desktop/io.github.pam_mfa.Authenticator.Agent.desktop,$(AUTOSTARTDIR)/io.github.pam_mfa.Authenticator.Agent.desktop)
	$(data) "$(PAGES)/mfa-authenticator.1" "$(DESTDIR)$(MANDIR)/man1/mfa-authenticator.1"
	$(data) "$(PAGES)/mfa-authenticator.bash" "$(DESTDIR)$(BASHCOMPDIR)/mfa-authenticator"
	$(data) "$(PAGES)/_mfa-authenticator" "$(DESTDIR)$(ZSHCOMPDIR)/_mfa-authenticator"
	$(data) "$(PAGES)/mfa-authenticator.fish" "$(DESTDIR)$(FISHCOMPDIR)/mfa-authenticator.fish"
	for language in $(languages); do \
		$(data) "$(LOCALE)/$$language.mo" "$(DESTDIR)$(LOCALEDIR)/$$language/LC_MESSAGES/mfa-authenticator.mo" || exit 1; done
ifneq ($(GUI),)
	$(call text,packaging/desktop/io.github.pam_mfa.Authenticator.desktop,$(DATADIR)/applications/io.github.pam_mfa.Authenticator.desktop)
	$(call text,packaging/dbus/io.github.pam_mfa.Authenticator.service,$(DBUSDIR)/services/io.github.pam_mfa.Authenticator.service)
	$(data) packaging/desktop/io.github.pam_mfa.Authenticator.metainfo.xml \
		"$(DESTDIR)$(DATADIR)/metainfo/io.github.pam_mfa.Authenticator.metainfo.xml"
	$(data) packaging/desktop/io.github.pam_mfa.Authenticator.search-provider.ini \
		"$(DESTDIR)$(DATADIR)/gnome-shell/search-providers/io.github.pam_mfa.Authenticator.search-provider.ini"
	$(data) packaging/desktop/io.github.pam_mfa.Authenticator.svg \
		"$(DESTDIR)$(DATADIR)/icons/hicolor/scalable/apps/io.github.pam_mfa.Authenticator.svg"
	$(data) packaging/desktop/io.github.pam_mfa.Authenticator-symbolic.svg \
		"$(DESTDIR)$(DATADIR)/icons/hicolor/symbolic/apps/io.github.pam_mfa.Authenticator-symbolic.svg"
endif

install-doc:
	$(INSTALL) -d "$(DESTDIR)$(DOCDIR)/examples"
	$(INSTALL) -m 0644 README.md CHANGELOG.md SECURITY.md docs/*.md "$(DESTDIR)$(DOCDIR)"
	for file in config/pam.d/* config/sshd_config.d/* config/fail2ban/*/*; do \
		$(data) $$file "$(DESTDIR)$(DOCDIR)/examples/$${file#config/}" || exit 1; done
	sh packaging/links.sh "$(DESTDIR)$(DOCDIR)"

# A stack that names a module that is gone refuses everybody: first take the line out (docs/operations.md).
uninstall:
	for file in $(module_files) $(daemon_files) $(authenticator_files); do rm -f "$(DESTDIR)$$file" || exit 1; done
	rm -rf "$(DESTDIR)$(DOCDIR)"
