<?php
/**
 * Reports which plugins are active, or activates or deactivates one.
 */

namespace WP_Codebox\Sandbox;

require_once ABSPATH . 'wp-admin/includes/plugin.php';

/**
 * The plugin file that is meant.
 *
 * @param string $plugin Plugin file relative to the plugins directory, or slug.
 * @throws Failed If there is no such plugin.
 */
function plugin_file( string $plugin ): string {
	$files = array_keys( \get_plugins() );
	foreach ( $files as $file ) {
		if ( $plugin === $file || str_starts_with( $file, $plugin . '/' ) || $file === $plugin . '.php' ) {
			return $file;
		}
	}
	throw new Failed( 'plugin_not_found', sprintf( 'The sandbox has no plugin "%s".', $plugin ), array( 'plugins' => $files ) );
}

/**
 * The plugins that are active now.
 *
 * @return array{active: list<string>, network_active: list<string>}
 */
function active_plugins(): array {
	return array(
		'active'         => array_values( (array) \get_option( 'active_plugins', array() ) ),
		'network_active' => \is_multisite() ? array_keys( (array) \get_site_option( 'active_sitewide_plugins', array() ) ) : array(),
	);
}

return static function ( array $call ): array {
	\wp_clean_plugins_cache( false );
	$before  = active_plugins();
	$file    = isset( $call['plugin'] ) ? plugin_file( $call['plugin'] ) : null;
	$network = $call['network'];
	if ( 'activate' === $call['action'] ) {
		$result = \activate_plugin( $file, '', $network );
		if ( \is_wp_error( $result ) ) {
			throw Failed::from( $result );
		}
	} elseif ( 'deactivate' === $call['action'] ) {
		\deactivate_plugins( $file, false, $network );
	}
	$plugins = array();
	foreach ( \get_plugins() as $installed => $header ) {
		$plugins[] = array(
			'file'    => $installed,
			'name'    => $header['Name'],
			'version' => $header['Version'],
			'active'  => \is_plugin_active( $installed ),
		);
	}
	return array(
		'schema'  => 'wp-codebox/wordpress-plugin-state/v1',
		'action'  => $call['action'],
		'plugin'  => $file,
		'active'  => null === $file ? null : \is_plugin_active( $file ),
		'before'  => $before,
		'after'   => active_plugins(),
		'plugins' => $plugins,
	);
};
