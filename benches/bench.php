<?php
/**
 * Measures the rows and prints them. bin/bench sets up what this needs and says how it is called.
 */

declare( strict_types = 1 );

namespace WP_Codebox\Bench;

require __DIR__ . '/lib/Samples.php';
require __DIR__ . '/lib/Child.php';
require __DIR__ . '/lib/Rows.php';

$options = array(
	'format' => 'table',
	'only'   => implode( ',', Rows::IDS ),
	'rounds' => '0',
);
foreach ( array_slice( $argv, 1 ) as $argument ) {
	if ( ! preg_match( '/^--(format|only|rounds)=(.+)$/', $argument, $found ) ) {
		fwrite( STDERR, "Unknown argument: $argument\n" );
		exit( 2 );
	}
	$options[ $found[1] ] = $found[2];
}
$ids = explode( ',', $options['only'] );
if ( array_diff( $ids, Rows::IDS ) || ! in_array( $options['format'], array( 'table', 'json', 'markdown' ), true ) || ! preg_match( '/^\d{1,4}$/', $options['rounds'] ) ) {
	fwrite( STDERR, 'Formats: table, json, markdown. Rows: ' . implode( ', ', Rows::IDS ) . ". Rounds: a number.\n" );
	exit( 2 );
}

$dir  = (string) getenv( 'WP_CODEBOX_BENCH_DIR' );
$rows = new Rows( $dir, (int) $options['rounds'] );
preg_match( '/^model name\s*:\s*(.+)$/m', (string) file_get_contents( '/proc/cpuinfo' ), $cpu );
preg_match( '/^MemTotal:\s+(\d+)/m', (string) file_get_contents( '/proc/meminfo' ), $memory );
$report = array(
	'schema'   => 'wp-codebox/benchmarks/v1',
	'date'     => gmdate( 'Y-m-d\TH:i:s\Z' ),
	'machine'  => array(
		'cpu'        => $cpu[1] ?? 'unknown',
		'cores'      => substr_count( (string) file_get_contents( '/proc/cpuinfo' ), "processor\t" ),
		'memory_gib' => round( $memory[1] / 1048576, 1 ),
		'kernel'     => php_uname( 'r' ),
		'load'       => sys_getloadavg()[0],
	),
	'versions' => array( 'php' => PHP_VERSION ) + json_decode( (string) file_get_contents( __DIR__ . '/playground/package.json' ), true )['dependencies'],
	'rows'     => array(),
);
foreach ( $ids as $id ) {
	fwrite( STDERR, "$id ...\n" );
	$report['rows'][] = $rows->row( $id );
}
$rows->tidy();

if ( 'json' === $options['format'] ) {
	echo json_encode( $report, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES ), "\n";
	exit;
}
$line = 'markdown' === $options['format'] ? "| %s | %s | %s | %s | %s |\n" : "%-14s  %-42s  %10s  %-14s  %s\n";
printf( $line, 'row', 'figure', 'measured', 'bar', 'met' );
if ( 'markdown' === $options['format'] ) {
	echo "|---|---|---|---|---|\n";
}
foreach ( $report['rows'] as $row ) {
	foreach ( $row['checks'] as $check ) {
		printf( $line, $row['id'], $check['what'], sprintf( '%.4g', $check['value'] ), $check['bar'], $check['pass'] ? 'yes' : 'no' );
	}
	$figures = array();
	foreach ( $row['figures'] as $name => $value ) {
		if ( ! is_array( $value ) ) {
			$figures[] = sprintf( '%s %.4g', $name, $value );
		}
	}
	printf( $line, $row['id'], $row['what'] . ': ' . implode( ', ', $figures ), '', '', '' );
}
vprintf( "\n%s. %s, %d cores, %s GiB, Linux %s, load %.1f at the start.\n", array( $report['date'], ...array_values( $report['machine'] ) ) );
