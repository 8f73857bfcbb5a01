<?php
/**
 * Prints the wp-config.php of a parent site for demo and tests.
 *
 * Usage: php wp-config.php SOCKET, with an empty SOCKET for SQLite.
 */

declare( strict_types = 1 );

$socket    = $argv[1] ?? '';
$constants = array(
	'DB_NAME'                    => 'wordpress',
	'DB_USER'                    => 'root',
	'DB_PASSWORD'                => '',
	'DB_HOST'                    => '' === $socket ? 'localhost' : 'localhost:' . $socket,
	'DB_CHARSET'                 => 'utf8mb4',
	'DB_COLLATE'                 => '',
	// Application passwords over plain HTTP are for local sites only.
	'WP_ENVIRONMENT_TYPE'        => 'local',
	'WP_DEBUG'                   => true,
	'WP_DEBUG_DISPLAY'           => false,
	'WP_DEBUG_LOG'               => true,
	'DISABLE_WP_CRON'            => true,
	'AUTOMATIC_UPDATER_DISABLED' => true,
	// Nothing here has a reason to leave the machine, and an update check would wait for a timeout.
	'WP_HTTP_BLOCK_EXTERNAL'     => true,
	'WP_ACCESSIBLE_HOSTS'        => '127.0.0.1',
);

foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $scheme ) {
	$constants[ $scheme . '_KEY' ]  = bin2hex( random_bytes( 32 ) );
	$constants[ $scheme . '_SALT' ] = bin2hex( random_bytes( 32 ) );
}

echo "<?php\n";
foreach ( $constants as $name => $value ) {
	printf( "define( '%s', %s );\n", $name, var_export( $value, true ) );
}
echo <<<'PHP'
$table_prefix = 'wp_';

// The tests ask the same site on several ports. Each site of a network has its own address.
if ( ! defined( 'MULTISITE' ) && isset( $_SERVER['HTTP_HOST'] ) && preg_match( '/^127\.0\.0\.1:\d+$/', $_SERVER['HTTP_HOST'] ) ) {
	define( 'WP_HOME', 'http://' . $_SERVER['HTTP_HOST'] );
	define( 'WP_SITEURL', WP_HOME );
}

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';

PHP;
