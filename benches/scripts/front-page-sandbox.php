<?php
/**
 * Answers each line of its input with the rendering of a front page in a new sandbox: the time
 * inside, its bytes, and the time from creating the sandbox to having the result.
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

$input = array(
	'mounts' => array(
		array(
			'source' => __DIR__,
			'target' => '/workspace/scripts',
			'mode'   => 'readonly',
		),
	),
);
while ( false !== fgets( STDIN ) ) {
	$began   = hrtime( true );
	$sandbox = WP_Codebox_API::create_sandbox( $input );
	$page    = bench_execute( $sandbox, "return require '/workspace/scripts/front-page.php';" )['result'];
	$page['from_fork_ms'] = bench_since( $began );
	$sandbox->destroy();
	echo json_encode( $page ), "\n";
}
