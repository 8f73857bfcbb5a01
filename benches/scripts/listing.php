<?php
/**
 * Lists the first page of a store with many bundles, again and again, and prints as JSON the
 * milliseconds of each. The hundred newest are those of tasks, the others hold a page each.
 *
 * Usage: php listing.php DIRECTORY BUNDLES COUNT
 */

declare( strict_types = 1 );

require __DIR__ . '/task.php';

[ , $dir, $bundles, $count ] = $argv;

$store = "$dir/listing-$bundles";
is_dir( $store ) || mkdir( $store );
$query = array( 'artifacts_path' => $store );
for ( $i = WP_Codebox_API::list_artifacts( $query )['total']; $i < (int) $bundles; $i++ ) {
	if ( $i >= (int) $bundles - 100 ) {
		bench_task( bench_tree( $dir, 10 ), 10, $store, "run $i" );
		continue;
	}
	WP_Codebox_API::persist_artifact(
		$query + array(
			'files' => array(
				array(
					'path'    => 'index.html',
					'content' => "<p>Page $i</p>",
				),
			),
		)
	);
}
$ms = array();
for ( $i = -1; $i < (int) $count; $i++ ) {
	$began = hrtime( true );
	$page  = WP_Codebox_API::list_artifacts( $query );
	$taken = bench_since( $began );
	if ( array( (int) $bundles, 100 ) !== array( $page['total'], count( $page['artifacts'] ) ) ) {
		throw new RuntimeException( 'Another page than there should be.' );
	}
	// The first one reads and remembers what is new.
	if ( $i >= 0 ) {
		$ms[] = $taken;
	}
}
echo json_encode( compact( 'ms' ) ), "\n";
