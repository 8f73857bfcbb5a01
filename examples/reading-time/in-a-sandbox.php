<?php
/**
 * Runs the plugin's suite in a sandbox, without any WordPress on this side.
 *
 * Usage: bin/php examples/reading-time/in-a-sandbox.php [project|managed]
 *
 * @package Reading_Time
 */

$managed = 'managed' === ( $argv[1] ?? 'project' );
$target  = $managed ? '/wordpress/wp-content/plugins/reading-time' : '/workspace/reading-time';

$sandbox = WP_Codebox_API::create_sandbox(
	array(
		'mounts' => array(
			array(
				'source' => __DIR__,
				'target' => $target,
				'mode'   => 'readonly',
			),
			// PHPUnit: the system's here; a plugin that has it in vendor/ needs no such mount.
			array(
				'source' => '/usr/share/php',
				'target' => '/usr/share/php',
				'mode'   => 'readonly',
			),
		),
	)
);

$answer = $sandbox->execute(
	'wordpress.phpunit',
	$managed ? array( 'plugin-slug' => 'reading-time' ) : array(
		'cwd'            => $target,
		'bootstrap-mode' => 'project',
	)
);
echo $answer['stdout'];
if ( isset( $answer['error'] ) ) {
	fwrite( STDERR, $answer['error']['message'] . "\n" );
	exit( 1 );
}
printf( "%d of %d tests passed.\n", $answer['result']['passed'], $answer['result']['total'] );
