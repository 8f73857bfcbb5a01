--TEST--
Reading, refusing and answering leak nothing
--INI--
memory_limit=32M
--FILE--
<?php
function turn() {
	$input = array(
		'goal'    => 'x',
		'context' => array( 'list' => range( 1, 50 ), 'object' => new stdClass(), 'text' => str_repeat( 'x', 1000 ) ),
	);
	WP_Codebox_API::validate_ability_input( 'wp-codebox/run-agent-task', $input );
	$input['context']['bad'] = NAN;
	try {
		WP_Codebox_API::validate_ability_input( 'wp-codebox/run-agent-task', $input );
	} catch ( WP_Codebox_Exception $e ) {
		$e->get_error_data();
	}
	WP_Codebox_API::runtime_descriptor();
}
function resident() {
	preg_match( '/^VmRSS:\s+(\d+)/m', file_get_contents( '/proc/self/status' ), $m );
	return (int) $m[1];
}
for ( $i = 0; $i < 500; $i++ ) {
	turn();
}
$zend     = memory_get_usage();
$resident = resident();
for ( $i = 0; $i < 10000; $i++ ) {
	turn();
}
var_dump( memory_get_usage() - $zend < 4096, resident() - $resident < 1024 );
?>
--EXPECT--
bool(true)
bool(true)
