# A MariaDB server of our own: reachable through a socket only, in a directory of ours, stopped when
# the command that started it ends. Sourced by bin/test after setup.sh.

# mariadb_socket DIRECTORY: a socket's path may have 107 bytes; a deep checkout gets a shorter one.
mariadb_socket() {
	if [ "${#1}" -lt 90 ]; then
		printf '%s\n' "$1/socket"
	else
		printf '/tmp/wp-codebox-%s-%s.sock\n' "$(id -u)" "$(printf '%s' "$1" | cksum | cut -d ' ' -f 1)"
	fi
}

# mariadb_start DIRECTORY
mariadb_start() {
	if [ ! -d "$1/data" ]; then
		step mariadb-install 'Creating a MariaDB data directory' mariadb_create "$1"
	fi
	step mariadb-start 'Starting MariaDB' mariadb_run "$1"
}

mariadb_create() {
	rm -rf "$1/data.new"
	mkdir -p "$1"
	mariadb-install-db --no-defaults --datadir="$1/data.new" --auth-root-authentication-method=normal \
		--skip-test-db --user="$(id -un)"
	mv "$1/data.new" "$1/data"
}

mariadb_run() {
	mariadb_running "$1" && mariadb_stop "$1"
	mariadbd --no-defaults --user="$(id -un)" --datadir="$1/data" --skip-networking \
		--socket="$(mariadb_socket "$1")" --pid-file="$1/pid" --log-error="$1/error.log" \
		--innodb-buffer-pool-size=64M &
	server=$!
	tries=0
	until "$PHP" -r 'mysqli_report( MYSQLI_REPORT_OFF );
		$db = @mysqli_connect( "localhost", "root", "", "", 0, $argv[1] );
		exit( $db && $db->query( "CREATE DATABASE IF NOT EXISTS wordpress" ) ? 0 : 1 );' \
		"$(mariadb_socket "$1")"; do
		tries=$((tries + 1))
		if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
			kill "$server" 2>/dev/null || :
			cat "$1/error.log"
			return 1
		fi
		sleep 0.2
	done
}

# A process id in a file may be an old one, and somebody else's by now.
mariadb_running() {
	[ -s "$1/pid" ] && [ "$(cat "/proc/$(cat "$1/pid")/comm" 2>/dev/null)" = mariadbd ] &&
		tr '\0' '\n' <"/proc/$(cat "$1/pid")/cmdline" | grep -qxF -- "--datadir=$1/data"
}

# mariadb_stop DIRECTORY: stops the server if it runs, and waits for its end.
mariadb_stop() {
	mariadb_running "$1" || return 0
	kill "$(cat "$1/pid")"
	while mariadb_running "$1"; do sleep 0.2; done
}
