<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

/**
 * A plugin's own PHPUnit suite, on the parent site and in a sandbox.
 */
final class ReadingTimeTest extends ProcessTestCase {

	private const PLUGIN = __DIR__ . '/../examples/reading-time';

	public function test_the_suite_passes_natively_and_in_a_sandbox_and_counts_the_same(): void {
		$native = Process::php(
			array( $_SERVER['argv'][0], '--do-not-cache-result', '--configuration', self::PLUGIN ),
			array( 'WP_ROOT' => (string) getenv( 'WP_CODEBOX_TEST_PARENT' ) )
		);
		self::assertSame( 0, $native->status, $native->stdout . $native->stderr );
		self::assertSame( 1, preg_match( '/^OK \((\d+) tests, \d+ assertions\)$/m', $native->stdout, $summary ), $native->stdout );
		foreach ( array( 'project', 'managed' ) as $bootstrap ) {
			$sandbox = Process::php( array( self::PLUGIN . '/in-a-sandbox.php', $bootstrap ) );
			self::assertSame( array( 0, '' ), array( $sandbox->status, $sandbox->stderr ), $bootstrap . ': ' . $sandbox->stdout );
			self::assertStringContainsString( $summary[0], $sandbox->stdout, $bootstrap );
			self::assertStringEndsWith( "{$summary[1]} of {$summary[1]} tests passed.\n", $sandbox->stdout, $bootstrap );
		}
	}
}
