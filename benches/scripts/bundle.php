<?php
/**
 * Runs a task that edits files, again and again, and prints as JSON how many milliseconds of each run
 * were not the sandbox's own work.
 *
 * Usage: php bundle.php DIRECTORY TREE-SIZE EDITS COUNT
 */

declare( strict_types = 1 );

require __DIR__ . '/task.php';

[ , $dir, $size, $edits, $count ] = $argv;

$tree  = bench_tree( $dir, (int) $size );
$store = "$dir/bundles";
is_dir( $store ) || mkdir( $store );
$ms = array();
// The first ones make and load the image.
for ( $i = -3; $i < (int) $count; $i++ ) {
	$taken = bench_task( $tree, (int) $edits, $store, uniqid( '', true ) );
	if ( $i >= 0 ) {
		$ms[] = $taken;
	}
}
echo json_encode( compact( 'ms' ) ), "\n";
