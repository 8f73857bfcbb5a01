<?php
/**
 * What the scripts that measure bundles share: trees of files, and a task that edits some of them.
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

/**
 * A tree of this many files: ten with a hundred lines of PHP, the others empty. Made where there is none.
 */
function bench_tree( string $dir, int $files ): string {
	$tree = "$dir/tree-$files";
	if ( ! is_dir( $tree ) ) {
		$new = "$tree.new-" . getmypid();
		for ( $i = 0; $i < $files; $i++ ) {
			$folder = "$new/" . intdiv( $i, 100 );
			is_dir( $folder ) || mkdir( $folder, 0777, true );
			$lines = $i < 10 ? array_map( static fn( int $line ): string => "\$line_$line = 'file $i';\n", range( 1, 99 ) ) : array();
			file_put_contents( "$folder/file-$i.php", $lines ? "<?php\n" . implode( '', $lines ) : '' );
		}
		rename( $new, $tree );
	}
	return $tree;
}

/**
 * Runs a task that edits files of a tree, and returns how many milliseconds were not the sandbox's own
 * work: all but the phases in which it starts, loads and runs.
 *
 * @param string $store Where its bundle goes.
 * @param string $text  What is written: each text makes another bundle.
 */
function bench_task( string $tree, int $files, string $store, string $text ): float {
	$began = hrtime( true );
	$run   = WP_Codebox_API::run_agent_task(
		array(
			'goal'                => 'Change a line.',
			'artifacts_path'      => $store,
			'mounts'              => array(
				array(
					'source' => $tree,
					'target' => '/workspace/tree',
					'mode'   => 'readwrite',
				),
			),
			'component_contracts' => array(
				array(
					'slug' => 'edits',
					'path' => dirname( __DIR__ ) . '/components/edits',
				),
			),
			'runtime_task'        => array(
				'ability' => 'bench/edit',
				'input'   => compact( 'files', 'text' ),
			),
		)
	);
	$whole = bench_since( $began );
	if ( ! $run['success'] || $run['agent_task_run_result']['metadata']['changed_files_count'] !== $files ) {
		throw new RuntimeException( (string) json_encode( $run ) );
	}
	$inside = array_filter( $run['run']['phaseEvidence'], static fn( array $phase ): bool => 'collect_artifacts' !== $phase['name'] );
	return $whole - array_sum( array_column( $inside, 'durationMs' ) );
}
