<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use FilesystemIterator;
use RecursiveDirectoryIterator;
use RecursiveIteratorIterator;

/**
 * The parent site that the tests run on.
 */
final class Site {

	/**
	 * A path beneath the directory for what the tests leave.
	 */
	public static function scratch( string $path ): string {
		return getenv( 'WP_CODEBOX_TEST_VAR' ) . '/' . $path;
	}

	/**
	 * Where bundles go.
	 */
	public static function artifacts_root(): string {
		return (string) ini_get( 'wp_codebox.artifacts_dir' );
	}

	/**
	 * The bundles that are there, and whatever else is in their directory.
	 *
	 * @return string[]
	 */
	public static function bundles(): array {
		$root = self::artifacts_root();
		return is_dir( $root ) ? array_values( array_diff( scandir( $root ), array( '.', '..' ) ) ) : array();
	}

	/**
	 * The command for WP-CLI on the parent.
	 *
	 * @param string[] $ini PHP settings, `name=value`.
	 * @return string[]
	 */
	public static function wp_command( array $ini = array() ): array {
		$command = array( PHP_BINARY );
		foreach ( $ini as $setting ) {
			array_push( $command, '-d', $setting );
		}
		$command[] = ini_get( 'wp_codebox.runtime_dir' ) . '/wp-cli/wp-cli.phar';
		$command[] = '--path=' . untrailingslashit( ABSPATH );
		if ( 0 === posix_geteuid() ) {
			$command[] = '--allow-root';
		}
		return $command;
	}

	/**
	 * Runs WP-CLI on the parent.
	 */
	public static function wp( string ...$arguments ): Finished {
		return Process::run( array_merge( self::wp_command(), $arguments ) );
	}

	/**
	 * A fresh copy of a fixture: beneath wp-content, where everybody's mounts may lie, if there is one.
	 *
	 * @param string $name Directory of php-tests/fixtures.
	 * @return string Its path.
	 */
	public static function fixture( string $name ): string {
		$base = defined( 'WP_CONTENT_DIR' ) ? WP_CONTENT_DIR . '/wp-codebox-tests' : self::scratch( 'fixtures' );
		$copy = $base . '/' . $name;
		self::remove( $copy );
		self::copy( __DIR__ . '/../fixtures/' . $name, $copy );
		return $copy;
	}

	/**
	 * Copies a directory.
	 */
	public static function copy( string $from, string $to ): void {
		mkdir( $to, 0755, true );
		foreach ( self::walk( $from, RecursiveIteratorIterator::SELF_FIRST ) as $path => $entry ) {
			$target = $to . substr( $path, strlen( $from ) );
			$entry->isDir() ? mkdir( $target, 0755 ) : copy( $path, $target );
		}
	}

	/**
	 * Removes a directory and what is in it.
	 */
	public static function remove( string $directory ): void {
		if ( ! is_dir( $directory ) ) {
			return;
		}
		foreach ( self::walk( $directory, RecursiveIteratorIterator::CHILD_FIRST ) as $path => $entry ) {
			$entry->isDir() && ! $entry->isLink() ? rmdir( $path ) : unlink( $path );
		}
		rmdir( $directory );
	}

	/**
	 * The files of a directory, by path relative to it, with their content.
	 *
	 * @return array<string, string>
	 */
	public static function files( string $directory ): array {
		$files = array();
		foreach ( self::walk( $directory, RecursiveIteratorIterator::LEAVES_ONLY ) as $path => $entry ) {
			$files[ substr( $path, strlen( $directory ) + 1 ) ] = (string) file_get_contents( $path );
		}
		ksort( $files );
		return $files;
	}

	/**
	 * @return RecursiveIteratorIterator<RecursiveDirectoryIterator>
	 */
	private static function walk( string $directory, int $mode ): RecursiveIteratorIterator {
		return new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $directory, FilesystemIterator::SKIP_DOTS ), $mode );
	}
}
