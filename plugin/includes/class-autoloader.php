<?php
/**
 * Finds the plugin's classes.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Maps a class to its file: `WP_Codebox_Site_Health` to `class-site-health.php`, and
 * `WP_Codebox_CLI_Input` to `cli/class-input.php`.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Autoloader {

	private const PREFIX     = 'WP_Codebox_';
	private const CLI_PREFIX = 'WP_Codebox_CLI_';

	/**
	 * Loads the file of a class, if it is one of the plugin's. The extension's own classes have the
	 * same prefix and no file.
	 *
	 * @since 0.1.0
	 *
	 * @param string $class_name Name of a class that is not defined yet.
	 */
	public static function load( string $class_name ): void {
		if ( ! str_starts_with( $class_name, self::PREFIX ) || 1 !== preg_match( '/^\w+$/D', $class_name ) ) {
			return;
		}

		$folder = '';
		$prefix = self::PREFIX;
		if ( str_starts_with( $class_name, self::CLI_PREFIX ) ) {
			$folder = 'cli/';
			$prefix = self::CLI_PREFIX;
		}

		$name = strtolower( str_replace( '_', '-', substr( $class_name, strlen( $prefix ) ) ) );
		$file = __DIR__ . '/' . $folder . 'class-' . $name . '.php';
		if ( is_file( $file ) ) {
			require_once $file;
		}
	}
}
