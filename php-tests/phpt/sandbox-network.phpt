--TEST--
The network of a sandbox is set while it lives, and judged at once
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--FILE--
<?php
require __DIR__ . '/task.inc';
$sandbox = WP_Codebox_API::create_sandbox();
$look    = function () use ( $sandbox ) {
	$code = '$r = wp_remote_get( "http://127.0.0.1:9/" ); return is_wp_error( $r ) ? $r->get_error_message() : 1;';
	echo json_encode( $sandbox->execute( 'wordpress.run-php', array( 'code' => $code ) ), JSON_UNESCAPED_SLASHES ), "\n";
};
$look();
var_dump( $sandbox->set_network( 'allow' ) );
$look();
var_dump( $sandbox->set_network( array( 'allowHosts' => array( '127.0.0.1:9' ) ) ) );
$look();
var_dump( $sandbox->set_network( 'deny' ) );
$look();
foreach ( array( 'open', array( 'allowHosts' => array( 'http://a' ) ), null, array() ) as $bad ) {
	try {
		$sandbox->set_network( $bad );
	} catch ( Exception $e ) {
		echo strstr( $e->getMessage(), ':', true ), "\n";
	}
}
$changes = array_filter( $sandbox->destroy(), fn( $event ) => 'runtime.policy.changed' === $event['type'] );
echo count( $changes ), "\n";
?>
--EXPECTF--
%Sthe network policy is deny.%S
bool(true)
%S127.0.0.1 is a loopback address%S
bool(true)
%SConnection refused%S
bool(true)
%Sthe network policy is deny.%S
network
network
network
network
3
