<?php
/**
 * Prints as JSON how many sandboxes a second are created, asked, and destroyed with their result and
 * events collected: one at a time from PHP, then as forks on one and on two threads.
 *
 * Usage: php cycles.php COUNT
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

$count   = (int) $argv[1];
$sandbox = WP_Codebox_API::create_sandbox();
$calls   = array_fill(
	0,
	$count,
	array(
		'command' => 'wordpress.run-php',
		'args'    => array( 'code' => BENCH_QUERY ),
	)
);
$sandbox->execute_in_forks( array_slice( $calls, 0, 20 ), 2 );

$began = hrtime( true );
for ( $i = 0; $i < $count; $i++ ) {
	$one = WP_Codebox_API::create_sandbox();
	bench_execute( $one, BENCH_QUERY );
	$one->destroy();
}
$rates = array( 'cycle' => $count / bench_since( $began ) * 1000 );

foreach ( array( 1, 2 ) as $threads ) {
	$began   = hrtime( true );
	$answers = $sandbox->execute_in_forks( $calls, $threads );
	$rates[ "threads_$threads" ] = $count / bench_since( $began ) * 1000;
	foreach ( $answers as $answer ) {
		if ( isset( $answer['error'] ) ) {
			throw new RuntimeException( json_encode( $answer['error'] ) );
		}
	}
}
echo json_encode( $rates ), "\n";
