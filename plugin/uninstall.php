<?php
/**
 * Removes the options that the plugin reads, and its table. Artifacts stay: they are the site's records, in a
 * directory of the administrator's choice.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

require_once __DIR__ . '/includes/class-records.php';

WP_Codebox_Records::uninstall();

$wp_codebox_options = array(
	'wp_codebox_apply_targets',
	'wp_codebox_artifacts_root',
	'wp_codebox_bin',
	'wp_codebox_component_contracts',
	'wp_codebox_workspaces_root',
);
foreach ( $wp_codebox_options as $wp_codebox_option ) {
	// The network's options on multisite, the site's elsewhere.
	delete_site_option( $wp_codebox_option );
}
