<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;
use ZipArchive;

/**
 * The zip that bin/package makes.
 */
final class PackageTest extends TestCase {

	private const PLUGIN = __DIR__ . '/../plugin';

	public function test_the_zip_holds_the_plugin_in_one_folder(): void {
		$files = $this->unzipped( $this->package() );
		foreach ( $files as $name => $content ) {
			self::assertStringStartsWith( 'wp-codebox/', $name );
			self::assertSame( file_get_contents( self::PLUGIN . substr( $name, strlen( 'wp-codebox' ) ) ), $content, $name );
		}
		self::assertArrayHasKey( 'wp-codebox/wp-codebox.php', $files );
		self::assertArrayHasKey( 'wp-codebox/readme.txt', $files );
		self::assertArrayHasKey( 'wp-codebox/uninstall.php', $files );
		self::assertCount( count( Site::files( self::PLUGIN ) ), $files, 'Nothing is left out.' );
	}

	public function test_the_same_files_give_the_same_bytes(): void {
		$first = hash_file( 'sha256', $this->package() );
		self::assertTrue( touch( self::PLUGIN . '/readme.txt' ) );
		self::assertSame( $first, hash_file( 'sha256', $this->package() ) );
	}

	public function test_every_file_is_php_that_parses(): void {
		foreach ( array_keys( Site::files( self::PLUGIN ) ) as $name ) {
			if ( str_ends_with( $name, '.php' ) ) {
				$ended = Process::php( array( '-l', self::PLUGIN . '/' . $name ) );
				self::assertSame( 0, $ended->status, $ended->stdout . $ended->stderr );
			}
		}
	}

	public function test_versions_agree(): void {
		$cargo  = self::first_match( '/^version = "([^"]+)"$/m', __DIR__ . '/../Cargo.toml' );
		$header = self::first_match( '/^ \* Version:\s+(\S+)$/m', self::PLUGIN . '/wp-codebox.php' );
		$code   = self::first_match( "/define\( 'WP_CODEBOX_PLUGIN_VERSION', '([^']+)' \)/", self::PLUGIN . '/wp-codebox.php' );
		$readme = self::first_match( '/^Stable tag: (\S+)$/m', self::PLUGIN . '/readme.txt' );
		self::assertSame( array( $cargo, $cargo, $cargo ), array( $header, $code, $readme ) );
		self::assertSame( $cargo, phpversion( 'wp_codebox' ) );
	}

	public function test_the_requirements_agree(): void {
		foreach ( array( 'Requires at least', 'Requires PHP', 'License' ) as $field ) {
			self::assertSame(
				self::first_match( "/^ \* $field:\s+(.+)$/m", self::PLUGIN . '/wp-codebox.php' ),
				self::first_match( "/^$field: (.+)$/m", self::PLUGIN . '/readme.txt' )
			);
		}
	}

	public function test_the_template_for_translators_is_current(): void {
		$template = self::PLUGIN . '/languages/wp-codebox.pot';
		$current  = Site::scratch( 'current.pot' );
		$command  = array(
			ini_get( 'wp_codebox.runtime_dir' ) . '/wp-cli/wp-cli.phar',
			'--allow-root',
			'i18n',
			'make-pot',
			self::PLUGIN,
			$current,
			'--slug=wp-codebox',
			'--domain=wp-codebox',
			'--no-location',
			'--skip-audit',
			'--file-comment=WP Codebox, GPL-2.0-or-later',
			'--headers={"Report-Msgid-Bugs-To":"","POT-Creation-Date":"","Last-Translator":"","Language-Team":"","PO-Revision-Date":""}',
		);
		$ended    = Process::php( $command );
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assertFileEquals( $template, $current, "Copy $current to $template." );
	}

	private function package(): string {
		$zip   = Site::scratch( 'package.zip' );
		$ended = Process::run( array( __DIR__ . '/../bin/package', $zip ) );
		self::assertSame( 0, $ended->status, $ended->stderr );
		self::assertSame( "$zip\n", $ended->stdout );
		return $zip;
	}

	/**
	 * @return array<string, string> Content by name.
	 */
	private function unzipped( string $path ): array {
		$zip = new ZipArchive();
		self::assertTrue( $zip->open( $path, ZipArchive::CHECKCONS ) );
		$files = array();
		for ( $i = 0; $i < $zip->numFiles; $i++ ) {
			$files[ $zip->getNameIndex( $i ) ] = $zip->getFromIndex( $i );
		}
		return $files;
	}

	private static function first_match( string $pattern, string $file ): string {
		self::assertSame( 1, preg_match( $pattern, (string) file_get_contents( $file ), $matches ), "$pattern in $file" );
		return $matches[1];
	}
}
