<?php
/**
 * Removes the bundles of stores, all but the newest of each.
 *
 * Usage: php prune.php STORE...
 */

declare( strict_types = 1 );

foreach ( array_slice( $argv, 1 ) as $store ) {
	WP_Codebox_API::prune_artifacts(
		array(
			'artifacts_path' => $store,
			'max_count'      => 1,
		)
	);
}
echo "[]\n";
