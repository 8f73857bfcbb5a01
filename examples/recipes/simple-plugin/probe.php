<?php
/**
 * Activates the mounted plugin and says what it is.
 *
 * @package WP_Codebox\Examples
 */

require_once ABSPATH . 'wp-admin/includes/plugin.php';

$file   = 'settings-plugin/settings-plugin.php';
$result = activate_plugin( $file );
if ( is_wp_error( $result ) ) {
	throw new RuntimeException( esc_html( $result->get_error_message() ) );
}
return array(
	'name'   => get_plugin_data( WP_PLUGIN_DIR . '/' . $file, false, false )['Name'],
	'active' => is_plugin_active( $file ),
);
