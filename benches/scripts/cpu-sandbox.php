<?php
/**
 * Runs programs of programs/, each in a new sandbox. A line of input is the program's name and how
 * often it runs; the answer is a line of measure.php.
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

$input = array(
	'mounts' => array(
		array(
			'source' => dirname( __DIR__ ),
			'target' => '/workspace/benches',
			'mode'   => 'readonly',
		),
	),
);
while ( false !== ( $line = fgets( STDIN ) ) ) {
	[ $program, $runs ] = explode( ' ', trim( $line ) );
	$sandbox = WP_Codebox_API::create_sandbox( $input );
	$code    = sprintf(
		"ini_set( 'memory_limit', '256M' ); putenv( 'BENCH_PROGRAM=/workspace/benches/programs/%s.php' ); putenv( 'BENCH_RUNS=%d' ); require '/workspace/benches/measure.php';",
		$program,
		$runs
	);
	echo bench_execute( $sandbox, $code )['stdout'];
	$sandbox->destroy();
}
