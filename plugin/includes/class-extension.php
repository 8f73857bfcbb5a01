<?php
/**
 * The native half, seen from the plugin.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Says whether the PHP extension can be used, and if not, what to do.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Extension {

	public const NAME = 'wp_codebox';

	/**
	 * Whether the extension is loaded in this process and fits this plugin.
	 *
	 * @since 0.1.0
	 */
	public static function is_usable(): bool {
		return self::is_loaded() && self::series( self::version() ) === self::series( WP_CODEBOX_PLUGIN_VERSION );
	}

	/**
	 * The version of the loaded extension.
	 *
	 * @since 0.1.0
	 *
	 * @return string Empty if it is not loaded.
	 */
	public static function version(): string {
		return (string) phpversion( self::NAME );
	}

	/**
	 * Whether the extension is loaded in this process.
	 */
	private static function is_loaded(): bool {
		return extension_loaded( self::NAME ) && class_exists( 'WP_Codebox_API', false );
	}

	/**
	 * What is wrong with the extension. Not before the action `init`, because it is translated.
	 *
	 * @since 0.1.0
	 *
	 * @return string One sentence; empty if nothing is wrong.
	 */
	public static function problem(): string {
		if ( ! self::is_loaded() ) {
			return sprintf(
				/* translators: 1: name of the PHP extension, 2: name of PHP's server interface, such as fpm-fcgi. */
				__( 'WP Codebox needs the PHP extension %1$s, which is not loaded (%2$s).', 'wp-codebox' ),
				self::NAME,
				PHP_SAPI
			);
		}
		if ( ! self::is_usable() ) {
			return sprintf(
				/* translators: 1: version of the plugin, 2: version of the PHP extension. */
				__( 'Version %1$s of the WP Codebox plugin does not fit version %2$s of the PHP extension.', 'wp-codebox' ),
				WP_CODEBOX_PLUGIN_VERSION,
				self::version()
			);
		}
		return '';
	}

	/**
	 * What to do about the problem.
	 *
	 * @since 0.1.0
	 */
	public static function remedy(): string {
		if ( '' !== self::version() ) {
			return __( 'Install the plugin and the extension of the same release.', 'wp-codebox' );
		}
		$ini = php_ini_loaded_file();
		return sprintf(
			/* translators: 1: a php.ini line, 2: path of php.ini. */
			__( 'Build or install the extension, add %1$s to %2$s, and restart PHP.', 'wp-codebox' ),
			'"extension=' . self::NAME . '.so"',
			false === $ini ? 'php.ini' : $ini
		);
	}

	/**
	 * The part of a version within which plugin and extension understand each other.
	 *
	 * @param string $version Such as `0.1.0`.
	 * @return string Such as `0.1`.
	 */
	private static function series( string $version ): string {
		return implode( '.', array_slice( explode( '.', $version ), 0, 2 ) );
	}
}
