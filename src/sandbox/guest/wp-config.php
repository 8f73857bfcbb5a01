<?php
/**
 * Configuration of the sandbox's WordPress.
 *
 * The host writes defines.json for each sandbox: salts, and what the task asks for. What stands
 * below is what every sandbox needs; a task's own value wins.
 */

$wp_codebox_defines = json_decode( (string) file_get_contents( '/internal/codebox/defines.json' ), true );
$wp_codebox_defines = ( is_array( $wp_codebox_defines ) ? $wp_codebox_defines : array() ) + array(
	'DB_NAME'                    => 'wordpress',
	'DB_USER'                    => '',
	'DB_PASSWORD'                => '',
	'DB_HOST'                    => '',
	'DB_CHARSET'                 => 'utf8mb4',
	'DB_COLLATE'                 => '',
	'DB_ENGINE'                  => 'sqlite',
	'DB_DIR'                     => '/internal/database',
	'DB_FILE'                    => 'wordpress.sqlite',
	'WP_ENVIRONMENT_TYPE'        => 'local',
	'WP_DEBUG'                   => false,
	'FS_METHOD'                  => 'direct',
	// Nothing inside may start work of its own: no cron, no updates.
	'DISABLE_WP_CRON'            => true,
	'AUTOMATIC_UPDATER_DISABLED' => true,
	'WP_AUTO_UPDATE_CORE'        => false,
);
foreach ( $wp_codebox_defines['ini.entries'] ?? array() as $wp_codebox_name => $wp_codebox_value ) {
	ini_set( $wp_codebox_name, $wp_codebox_value );
}
unset( $wp_codebox_defines['ini.entries'] );
foreach ( $wp_codebox_defines as $wp_codebox_name => $wp_codebox_value ) {
	if ( ! defined( $wp_codebox_name ) ) {
		define( $wp_codebox_name, $wp_codebox_value );
	}
}
unset( $wp_codebox_defines, $wp_codebox_name, $wp_codebox_value );

$table_prefix = 'wp_';

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', '/wordpress/' );
}

require_once ABSPATH . 'wp-settings.php';
