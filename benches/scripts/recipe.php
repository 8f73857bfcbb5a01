<?php
/**
 * Runs a recipe again and again, and prints as JSON how many milliseconds each run took, from the facade
 * to the bundle on the disk.
 *
 * Usage: php recipe.php DIRECTORY COUNT reading|writing
 *   What the step does. After one that writes, the probe's WordPress loads anew.
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

[ , $dir, $count, $step ] = $argv;

$root   = dirname( __DIR__, 2 );
$store  = "$dir/recipe-bundles";
$plugin = 'page-builder/page-builder.php';
is_dir( $store ) || mkdir( $store );
$ms = array();
// The first ones make and load the image.
for ( $i = -3; $i < (int) $count; $i++ ) {
	$word   = uniqid();
	$write  = 'writing' === $step ? "update_option( 'bench', '$word' );" : '';
	$recipe = array(
		'schema'   => 'wp-codebox/workspace-recipe/v1',
		'inputs'   => array(
			'extra_plugins' => array(
				array(
					'source'     => "$root/examples/recipes/plugins/page-builder",
					'slug'       => 'page-builder',
					'pluginFile' => $plugin,
				),
			),
		),
		'workflow' => array(
			'steps' => array(
				array(
					'command' => 'wordpress.run-php',
					'args'    => array( "code=\$word = '$word'; $write return is_plugin_active( '$plugin' );" ),
				),
			),
		),
		'probes'   => array(
			array(
				'name'       => 'option',
				'step'       => array(
					'command' => 'wordpress.run-php',
					'args'    => array( "code=echo wp_json_encode( get_option( 'bench' ) );" ),
				),
				'expectJson' => true,
			),
		),
	);
	$began  = hrtime( true );
	$run    = WP_Codebox_API::run_recipe(
		array(
			'recipe'         => $recipe,
			'base_path'      => $root,
			'artifacts_path' => $store,
		)
	);
	$taken  = bench_since( $began );
	if ( true !== ( $run['success'] ?? null ) || ! is_file( $run['artifacts']['manifest'] ?? '' ) ) {
		throw new RuntimeException( (string) json_encode( $run ) );
	}
	if ( $i >= 0 ) {
		$ms[] = $taken;
	}
}
echo json_encode( compact( 'ms' ) ), "\n";
