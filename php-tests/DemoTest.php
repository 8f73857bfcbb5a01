<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * The commands that a person types first, as they type them.
 */
final class DemoTest extends TestCase {

	use RunAssertions;

	private const BIN = __DIR__ . '/../bin';

	public function test_the_demos_patch_makes_the_examples_tests_pass(): void {
		$example = realpath( __DIR__ . '/../examples/settings-plugin' );
		$before  = Site::files( $example );
		$demo    = Process::run( array( self::BIN . '/demo' ) );
		self::assertSame( 0, $demo->status, $demo->stdout . $demo->stderr );
		self::assertSame( $before, Site::files( $example ), 'The example itself is not changed.' );
		foreach ( array( 'Goal', 'Steps', 'Tests', 'Patch', 'Artifact', 'Time', 'Next' ) as $heading ) {
			self::assertStringContainsString( "\n$heading\n", $demo->stdout );
		}
		self::assertSame( 1, preg_match( '~git apply --directory=examples/settings-plugin (/\S+/files/patch\.diff)~', $demo->stdout, $matches ) );

		self::assertNotSame( 0, $this->run_tests_of( $example ), 'The example has failing tests.' );
		self::patched( $example, $matches[1] );
		self::assertSame( 0, $this->run_tests_of( Site::scratch( 'patched' ) ) );
	}

	public function test_bin_php_has_the_extension_and_so_have_its_children(): void {
		$code  = 'echo (int) extension_loaded( "wp_codebox" ), shell_exec( PHP_BINARY . " -r \'echo (int) extension_loaded( \"wp_codebox\" );\'" );';
		$ended = Process::run( array( self::BIN . '/php', '-r', $code ), array( 'PHP_INI_SCAN_DIR' => null ) );
		self::assertSame( array( 0, '11', '' ), array( $ended->status, $ended->stdout, $ended->stderr ) );
	}

	private function run_tests_of( string $plugin ): int {
		return Process::run( array( self::BIN . '/wp', 'eval-file', $plugin . '/tests/run.php' ) )->status;
	}
}
