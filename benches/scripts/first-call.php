<?php
/**
 * The first sandbox of this process: prints as JSON how long it took until it had answered.
 */

declare( strict_types = 1 );

$began = hrtime( true );
require __DIR__ . '/sandbox.php';
$sandbox   = WP_Codebox_API::create_sandbox();
$execution = bench_execute( $sandbox, BENCH_QUERY );
echo json_encode(
	array(
		'ms'     => bench_since( $began ),
		'result' => $execution['result'],
	)
), "\n";
