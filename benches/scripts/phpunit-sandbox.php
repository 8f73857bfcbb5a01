<?php
/**
 * Runs a plugin's PHPUnit tests, each time in a new sandbox, and prints as JSON the milliseconds from
 * fork to result of each run and what PHPUnit counted.
 *
 * Usage: php phpunit-sandbox.php COUNT
 */

declare( strict_types = 1 );

require __DIR__ . '/sandbox.php';

$mount  = static fn( string $source, string $target ): array => array(
	'source' => $source,
	'target' => $target,
	'mode'   => 'readonly',
);
$ms     = array();
$counts = array();
// The first one makes or loads the image.
for ( $i = -1; $i < (int) $argv[1]; $i++ ) {
	$began     = hrtime( true );
	$sandbox   = WP_Codebox_API::create_sandbox(
		array(
			'mounts' => array(
				$mount( dirname( __DIR__ ) . '/components/suite', '/wordpress/wp-content/plugins/suite' ),
				$mount( '/usr/share/php', '/usr/share/php' ),
			),
		)
	);
	$execution = $sandbox->execute( 'wordpress.phpunit', array( 'plugin-slug' => 'suite' ), array() );
	$taken     = bench_since( $began );
	$sandbox->destroy();
	if ( isset( $execution['error'] ) ) {
		throw new RuntimeException( (string) json_encode( $execution ) );
	}
	$counts[] = array( $execution['result']['total'], $execution['result']['assertions'] );
	if ( $i >= 0 ) {
		$ms[] = $taken;
	}
}
echo json_encode(
	array(
		'ms'     => $ms,
		'counts' => array_unique( $counts, SORT_REGULAR ),
	)
), "\n";
