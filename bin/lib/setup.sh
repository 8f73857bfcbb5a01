# Set-up steps, a function each. Sourced by the commands of bin/ after they have set ROOT.
#
# A step is idempotent, looks first whether there is anything to do, and leaves nothing half-made:
# what it makes appears under its final name when it is whole. Progress goes to stderr, a line for
# each step that may take long; its output goes to var/log.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
case ":$PATH:" in *":$HOME/.cargo/bin:"*) ;; *) PATH=$PATH:$HOME/.cargo/bin ;; esac
export PATH

VAR=${WP_CODEBOX_VAR_DIR:-$ROOT/var}
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
RUNTIME=${WP_CODEBOX_RUNTIME_DIR:-$VAR/runtime}
CACHE=${WP_CODEBOX_CACHE_DIR:-$VAR/cache}
ARTIFACTS=${WP_CODEBOX_ARTIFACTS_DIR:-$VAR/artifacts}
SITE=${WP_CODEBOX_SITE:-$VAR/site}
EXTENSION=$VAR/php/wp_codebox.so
SCAN_DIR=$VAR/php/conf.d
LOGS=$VAR/log
mkdir -p "$LOGS"

PACKAGES_BUILD='php8.2-cli php8.2-dev gcc libc6-dev libclang-14-dev clang-14 pkg-config'
PACKAGES_SITE='php8.2-sqlite3 php8.2-curl php8.2-xml php8.2-mbstring php8.2-zip php8.2-gd php8.2-intl'
# The server without the package that starts one as a service.
PACKAGES_TEST='php8.2-fpm php8.2-mysql mariadb-server-core mariadb-client-core phpunit unzip zip'

# The extension is for PHP 8.2; a system may have others beside it.
find_php() {
	PHP=$(command -v php8.2 || command -v php || echo php)
	PHP_CONFIG=$(command -v php-config8.2 || command -v php-config || echo php-config)
	export PHP PHP_CONFIG
}
find_php

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# step LOG TITLE COMMAND…: runs COMMAND with its output in var/log/LOG.log; one line tells what and
# how long, and on failure the end of the log follows. `set -e` holds inside COMMAND, so do not call
# this from a condition.
step() {
	step_log=$LOGS/$1.log
	printf '%s ... ' "$2" >&2
	shift 2
	step_began=$(date +%s)
	set +e
	(
		set -e
		"$@"
	) >"$step_log" 2>&1 </dev/null
	step_status=$?
	set -e
	if [ "$step_status" -ne 0 ]; then
		say failed
		tail -n 25 "$step_log" | sed 's/^/    /' >&2
		die "The whole log: $step_log"
	fi
	say "$(($(date +%s) - step_began)) s"
}

# at_least VERSION WANTED: compares dotted numbers.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# need_tool NAME WANTED FOUND HINT: FOUND is the installed version, empty if there is none.
need_tool() {
	[ -n "$3" ] || die "$1 is missing: version $2 or newer is needed. $4"
	at_least "$3" "$2" || die "$1 $3 is too old: version $2 or newer is needed. $4"
}

first_version() { "$@" 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | head -n 1; }

# What Debian does not bring in the version that is needed.
need_rust() {
	rust_hint='See https://rustup.rs; with rustup: rustup update stable'
	need_tool cargo 1.95 "$(first_version cargo --version)" "$rust_hint"
	need_tool rustc 1.95 "$(first_version rustc --version)" "$rust_hint"
}

need_node() {
	need_tool node 18 "$(first_version node --version)" 'See https://nodejs.org'
	need_tool npm 8 "$(first_version npm --version)" 'It comes with Node.'
}

# debian_packages NAME…: installs what is missing.
debian_packages() {
	command -v dpkg-query >/dev/null ||
		die "This set-up knows Debian 12. Elsewhere install the counterparts of: $*"
	missing=
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	[ "$(id -u)" -eq 0 ] ||
		die "Debian packages are missing. As root: apt-get install --no-install-recommends$missing"
	# shellcheck disable=SC2086 # a list of names
	step apt "Installing Debian packages:$missing" install_packages $missing
	hash -r
	find_php
}

install_packages() {
	apt-get update
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# built NAME: nothing of the native half has changed since NAME was last built. Cargo knows as much,
# but its feature sets share target/release and each build there makes the other one stale.
built() {
	[ -f "$VAR/built/$1" ] && [ -z "$(find "$ROOT/src" "$ROOT/Cargo.toml" "$ROOT/Cargo.lock" "$ROOT/build.rs" \
		-newer "$VAR/built/$1" -print | head -n 1)" ]
}

# build NAME TITLE COMMAND…: a step that is skipped while nothing has changed.
build() {
	build_name=$1
	mkdir -p "$VAR/built"
	# The time at which the sources were read: an edit during the build is newer.
	: >"$VAR/built/.$build_name"
	shift
	step "build-$build_name" "$@"
	mv "$VAR/built/.$build_name" "$VAR/built/$build_name"
}

# The one libwp_codebox.so with the PHP face is kept apart.
build_extension() {
	[ ! -f "$EXTENSION" ] || ! built extension || return 0
	build extension 'Building the extension (minutes, the first time)' cargo_extension
}

cargo_extension() {
	cd "$ROOT"
	cargo build --release --locked --lib
	mkdir -p "${EXTENSION%/*}"
	if ! cmp -s "$TARGET/release/libwp_codebox.so" "$EXTENSION"; then
		cp "$TARGET/release/libwp_codebox.so" "$EXTENSION.new"
		mv "$EXTENSION.new" "$EXTENSION"
	fi
}

# A pack that the environment names is somebody's own: it is used as it is.
build_pack() {
	if [ "$RUNTIME" != "$VAR/runtime" ]; then
		[ -f "$RUNTIME/manifest.json" ] ||
			die "No runtime pack in $RUNTIME. Correct WP_CODEBOX_RUNTIME_DIR, or unset it and one is built in $VAR/runtime."
		return 0
	fi
	if [ ! -x "$TARGET/release/wp-codebox-runtime" ] || ! built pack-tool; then
		build pack-tool 'Building the runtime pack tool (minutes, the first time)' cargo_pack_tool
	fi
	step pack 'Runtime pack (downloads about 110 MB the first time)' \
		"$TARGET/release/wp-codebox-runtime" build --out "$RUNTIME" --downloads "$VAR/downloads"
}

cargo_pack_tool() {
	cd "$ROOT" &&
		cargo build --release --locked --no-default-features --features compiler --bin wp-codebox-runtime
}

# The extension's settings, in a file so that child processes get them too.
write_ini() {
	mkdir -p "$SCAN_DIR" "$CACHE" "$ARTIFACTS"
	{
		printf 'extension="%s"\n' "$EXTENSION"
		printf 'wp_codebox.runtime_dir="%s"\n' "$RUNTIME"
		printf 'wp_codebox.cache_dir="%s"\n' "$CACHE"
		printf 'wp_codebox.artifacts_dir="%s"\n' "$ARTIFACTS"
	} >"$SCAN_DIR/.new"
	if cmp -s "$SCAN_DIR/.new" "$SCAN_DIR/90-wp-codebox.ini"; then
		rm "$SCAN_DIR/.new"
	else
		mv "$SCAN_DIR/.new" "$SCAN_DIR/90-wp-codebox.ini"
	fi
}

# Makes every PHP started from here load the extension. An empty entry stands for the directory that
# PHP was compiled to scan.
use_extension() {
	case ":${PHP_INI_SCAN_DIR-}:" in
	*":$SCAN_DIR:"*) ;;
	*) export PHP_INI_SCAN_DIR="${PHP_INI_SCAN_DIR-}:$SCAN_DIR" ;;
	esac
}

# All that a PHP with the extension needs.
prepare_php() {
	# shellcheck disable=SC2086 # lists of names
	debian_packages $PACKAGES_BUILD $PACKAGES_SITE unzip
	need_rust
	[ "$RUNTIME" != "$VAR/runtime" ] || need_node
	build_extension
	build_pack
	write_ini
	use_extension
}

# For the commands that only want to run something: set up what is missing, rebuild nothing.
ensure_php() {
	if [ -f "$EXTENSION" ] && [ -f "$RUNTIME/manifest.json" ]; then
		write_ini
		use_extension
	else
		prepare_php
	fi
}

# wp_cli DIRECTORY ARGUMENT…: WP-CLI on the WordPress in DIRECTORY.
wp_cli() {
	wp_cli_path=$1
	shift
	[ "$(id -u)" -ne 0 ] || set -- --allow-root "$@"
	WP_CLI_DISABLE_AUTO_CHECK_UPDATE=1 "$PHP" "$RUNTIME/wp-cli/wp-cli.phar" --path="$wp_cli_path" "$@"
}

# parent_site DIRECTORY sqlite|SOCKET: a parent WordPress with the plugin active. Its database is
# SQLite, or MariaDB's database `wordpress` behind SOCKET.
parent_site() {
	if [ ! -f "$1/wp-config.php" ]; then
		step "site-${1##*/}" "Copying WordPress to ${1##*/}" parent_files "$1" "$2"
	fi
	if ! wp_cli "$1" core is-installed >/dev/null 2>&1 ||
		! wp_cli "$1" plugin is-active wp-codebox >/dev/null 2>&1; then
		step "install-${1##*/}" "Installing WordPress in ${1##*/}" parent_install "$1"
	fi
}

# parent_network DIRECTORY: the same as a network of two sites, with SQLite.
parent_network() {
	parent_site "$1" sqlite
	if ! wp_cli "$1" site list --site__in=2 --field=blog_id 2>/dev/null | grep -q 2; then
		step "network-${1##*/}" "Making a network of ${1##*/}" network_install "$1"
	fi
}

network_install() {
	# WP-CLI finds no place for the constants in our wp-config.php, and says so.
	if ! grep -q "'MULTISITE', true" "$1/wp-config.php"; then
		wp_cli "$1" core multisite-convert --title='WP Codebox network'
		{
			cat <<-'PHP'
				<?php
				define( 'MULTISITE', true );
				define( 'SUBDOMAIN_INSTALL', false );
				define( 'DOMAIN_CURRENT_SITE', '127.0.0.1:8888' );
				define( 'PATH_CURRENT_SITE', '/' );
				define( 'SITE_ID_CURRENT_SITE', 1 );
				define( 'BLOG_ID_CURRENT_SITE', 1 );
			PHP
			sed 1d "$1/wp-config.php"
		} >"$1/wp-config.php.new"
		mv "$1/wp-config.php.new" "$1/wp-config.php"
	fi
	wp_cli "$1" site create --slug=second
	wp_cli "$1" --url=http://127.0.0.1:8888/second plugin activate wp-codebox
}

parent_files() {
	rm -rf "$1.new" "$1"
	mkdir -p "${1%/*}"
	cp -R "$RUNTIME/wordpress" "$1.new"
	chmod -R u+w "$1.new"
	mkdir -p "$1.new/wp-content/plugins" "$1.new/wp-content/mu-plugins" "$1.new/wp-content/uploads"
	ln -s "$ROOT/plugin" "$1.new/wp-content/plugins/wp-codebox"
	if [ "$2" = sqlite ]; then
		cp -R "$RUNTIME/sqlite-database-integration" "$1.new/wp-content/plugins/"
		chmod -R u+w "$1.new/wp-content/plugins"
		sed -e "s|{SQLITE_IMPLEMENTATION_FOLDER_PATH}|$1/wp-content/plugins/sqlite-database-integration|" \
			-e 's|{SQLITE_PLUGIN}|sqlite-database-integration/load.php|' \
			"$RUNTIME/sqlite-database-integration/db.copy" >"$1.new/wp-content/db.php"
		"$PHP" "$ROOT/bin/lib/wp-config.php" '' >"$1.new/wp-config.php"
	else
		"$PHP" "$ROOT/bin/lib/wp-config.php" "$2" >"$1.new/wp-config.php"
	fi
	mv "$1.new" "$1"
}

parent_install() {
	wp_cli "$1" core install --url=http://127.0.0.1:8888 --title='WP Codebox parent' \
		--admin_user=admin --admin_password=password --admin_email=admin@example.org --skip-email
	wp_cli "$1" plugin activate wp-codebox
}
