<?php
/**
 * Keeps sandboxes alive and prints as JSON what each more of them costs, MiB of PSS, and what the
 * whole process has.
 *
 * Usage: php memory.php COUNT echo|query
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

$count = (int) $argv[1];
$code  = array(
	'echo'  => 'echo 1;',
	'query' => BENCH_QUERY,
)[ $argv[2] ];
$live  = array();
// One is alive already: what all of them share is counted in the total, and in none.
for ( $i = 0; $i <= $count; $i++ ) {
	$sandbox = WP_Codebox_API::create_sandbox();
	bench_execute( $sandbox, $code );
	$live[] = $sandbox;
	if ( 0 === $i ) {
		$before = bench_pss();
	}
}
$after = bench_pss();
echo json_encode(
	array(
		'each_mib'  => ( $after - $before ) / 1024 / $count,
		'total_mib' => $after / 1024,
	)
), "\n";
