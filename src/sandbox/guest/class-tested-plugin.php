<?php
/**
 * A plugin that is loaded to be tested or measured.
 */

namespace WP_Codebox\Sandbox;

/**
 * Has WordPress load a plugin as it loads active ones, whether it is active or not.
 */
final class Tested_Plugin {

	/**
	 * Main file, relative to the plugins directory.
	 *
	 * @var string
	 */
	public readonly string $file;

	/**
	 * Finds the plugin.
	 *
	 * @param string $slug Its directory.
	 * @throws Failed If it is not there.
	 */
	public function __construct( string $slug ) {
		$directory = '/wordpress/wp-content/plugins/' . $slug;
		foreach ( array( "$directory/$slug.php", "$directory/plugin.php", ...( glob( "$directory/*.php" ) ?: array() ) ) as $file ) {
			if ( is_file( $file ) && preg_match( '/^(?:[ \t]*<\?php)?[ \t\/*#@]*Plugin Name:/mi', (string) file_get_contents( $file, false, null, 0, 8192 ) ) ) {
				$this->file = $slug . '/' . basename( $file );
				return;
			}
		}
		throw new Failed( 'plugin_not_found', sprintf( 'The sandbox has no plugin "%s".', $slug ) );
	}

	/**
	 * Files to load in the global scope: WordPress, with these plugins. Activates those that are not active.
	 *
	 * @param list<self> $plugins Plugins.
	 * @return \Generator<string>
	 * @throws Failed If one cannot be activated.
	 */
	public static function load( array $plugins ): \Generator {
		$files = array_column( $plugins, 'file' );
		// WordPress takes hooks over that were there before it.
		$GLOBALS['wp_filter']['option_active_plugins'][0]['wp_codebox'] = array(
			'function'      => static fn( $active ) => array_values( array_unique( array( ...(array) $active, ...$files ) ) ),
			'accepted_args' => 1,
		);
		yield '/wordpress/wp-load.php';
		\remove_all_filters( 'option_active_plugins', 0 );
		require_once ABSPATH . 'wp-admin/includes/plugin.php';
		foreach ( $files as $file ) {
			$result = \activate_plugin( $file );
			if ( \is_wp_error( $result ) ) {
				throw Failed::from( $result );
			}
		}
	}
}
