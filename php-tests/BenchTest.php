<?php
declare( strict_types = 1 );

namespace WP_Codebox\Tests;

use PHPUnit\Framework\TestCase;

/**
 * The benchmarks measure and report. How fast anything is, no test says.
 */
final class BenchTest extends TestCase {

	public function test_a_row_is_measured_and_reported_as_json(): void {
		$ended = $this->bench( '--only=fork_ready', '--rounds=2', '--format=json' );
		self::assertSame( 0, $ended->status, $ended->stderr );
		$report = $ended->json();
		self::assertSame( array( 'schema', 'date', 'machine', 'versions', 'rows' ), array_keys( $report ) );
		self::assertSame( 'wp-codebox/benchmarks/v1', $report['schema'] );
		self::assertMatchesRegularExpression( '/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/', $report['date'] );
		self::assertSame( array( 'cpu', 'cores', 'memory_gib', 'kernel', 'load' ), array_keys( $report['machine'] ) );
		self::assertGreaterThan( 0, $report['machine']['cores'] );
		self::assertSame( PHP_VERSION, $report['versions']['php'] );

		self::assertSame( array( 'fork_ready' ), array_column( $report['rows'], 'id' ) );
		[ $row ] = $report['rows'];
		self::assertSame( array( 'id', 'what', 'figures', 'checks' ), array_keys( $row ) );
		$figures = $row['figures'];
		self::assertSame( array( 'min', 'median', 'p99', 'count' ), array_keys( $figures ) );
		self::assertSame( 200, $figures['count'], 'Two rounds of a hundred.' );
		self::assertGreaterThan( 0, $figures['min'] );
		self::assertGreaterThanOrEqual( $figures['min'], $figures['median'] );
		self::assertGreaterThanOrEqual( $figures['median'], $figures['p99'] );
		self::assertSame( array( 'at most 0.1', 'at most 1' ), array_column( $row['checks'], 'bar' ) );
		self::assertSame( array( $figures['median'], $figures['p99'] ), array_column( $row['checks'], 'value' ) );
		self::assertSame( array( $figures['median'] <= 0.1, $figures['p99'] <= 1 ), array_column( $row['checks'], 'pass' ) );
	}

	public function test_the_document_has_a_line_for_each_row(): void {
		$ended = $this->bench( '--only=nothing' );
		self::assertSame( array( 2, '' ), array( $ended->status, $ended->stdout ) );
		self::assertSame( 1, preg_match( '/Rows: ([a-z_, ]+)\./', $ended->stderr, $rows ), $ended->stderr );
		$document = (string) file_get_contents( __DIR__ . '/../docs/benchmarks.md' );
		$table    = strstr( strstr( $document, "\n## Rows\n" ), "\n## Results\n", true );
		preg_match_all( '/^\| `([a-z_]+)` \|/m', $table, $lines );
		self::assertSame( explode( ', ', $rows[1] ), $lines[1] );
	}

	private function bench( string ...$arguments ): Finished {
		return Process::run( array( __DIR__ . '/../bin/bench', ...$arguments ), array( 'PHP_INI_SCAN_DIR' => null ) );
	}
}
