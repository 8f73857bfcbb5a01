--TEST--
Nothing is started before it is used: no thread, no open file, no signal handler
--FILE--
<?php
function state() {
	$status = file_get_contents( '/proc/self/status' );
	preg_match( '/^Threads:\s+(\d+)/m', $status, $threads );
	preg_match( '/^SigCgt:\s+(\w+)/m', $status, $caught );
	$files = array();
	foreach ( scandir( '/proc/self/fd' ) as $fd ) {
		$target = @readlink( "/proc/self/fd/$fd" );
		if ( false !== $target && ! str_starts_with( $target, '/proc/' ) ) {
			$files[] = $target;
		}
	}
	return array( (int) $threads[1], $caught[1], $files );
}
$before = state();
assert( 1 === $before[0] );
WP_Codebox_API::abilities();
WP_Codebox_API::doctor();
WP_Codebox_API::runtime_descriptor();
WP_Codebox_API::validate_ability_input( 'wp-codebox/run-agent-task', array( 'goal' => 'x' ) );
var_dump( state() === $before );

// Without SIGSEGV handlers of ours: the bits are those of PHP alone.
$plain = shell_exec( escapeshellarg( PHP_BINARY ) . ' -n -r ' . escapeshellarg( 'preg_match( "/^SigCgt:\s+(\w+)/m", file_get_contents( "/proc/self/status" ), $m ); echo $m[1];' ) );
var_dump( $plain === $before[1] );
?>
--EXPECT--
bool(true)
bool(true)
