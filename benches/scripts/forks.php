<?php
/**
 * Creates sandboxes, one after the other, and prints as JSON how long each took until it was ready
 * and until it had answered the query. Destroying them is not counted.
 *
 * Usage: php forks.php COUNT
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

$count  = (int) $argv[1];
$ready  = array();
$query  = array();
$result = null;
// The first ones load the image and make the memory that later ones take over.
for ( $i = -10; $i < $count; $i++ ) {
	$began     = hrtime( true );
	$sandbox   = WP_Codebox_API::create_sandbox();
	$made      = bench_since( $began );
	$execution = bench_execute( $sandbox, BENCH_QUERY );
	$answered  = bench_since( $began );
	$sandbox->destroy();
	$result = $execution['result'];
	if ( $i >= 0 ) {
		$ready[] = $made;
		$query[] = $answered;
	}
}
echo json_encode( compact( 'ready', 'query', 'result' ) ), "\n";
