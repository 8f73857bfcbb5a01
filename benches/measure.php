<?php
/**
 * Runs one program of programs/ again and again, and prints its checksum and the milliseconds of
 * each run. The same file for every PHP that is measured.
 *
 * Usage: php measure.php PROGRAM.php [RUNS]; where there is no command line, the environment's
 * BENCH_PROGRAM and BENCH_RUNS say the same.
 */

$bench_program = $argv[1] ?? getenv( 'BENCH_PROGRAM' );
$bench_runs    = (int) ( $argv[2] ?? ( getenv( 'BENCH_RUNS' ) ? : 10 ) );
$bench_run     = require $bench_program;
$bench_times   = array();
$bench_sums    = array();
for ( $bench_i = 0; $bench_i < $bench_runs; $bench_i++ ) {
	$bench_began              = hrtime( true );
	$bench_sums[ $bench_run() ] = true;
	$bench_times[]            = ( hrtime( true ) - $bench_began ) / 1e6;
}
echo json_encode(
	array(
		'program'  => basename( $bench_program, '.php' ),
		'checksum' => implode( ' | ', array_keys( $bench_sums ) ),
		'ms'       => $bench_times,
	)
), "\n";
