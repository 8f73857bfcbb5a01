--TEST--
No thread before the first sandbox, in a forked child neither; signals stay with PHP's thread
--SKIPIF--
<?php
require __DIR__ . '/task-skip.inc';
if ( ! function_exists( 'pcntl_fork' ) ) {
	die( 'skip pcntl is missing' );
}
?>
--FILE--
<?php
require __DIR__ . '/task.inc';
/** Names of the threads that are not PHP's own. */
function helpers(): string {
	$names = array();
	// PHP remembers where /proc/self led before the fork.
	clearstatcache( true );
	foreach ( scandir( '/proc/self/task' ) as $thread ) {
		if ( (int) $thread > 0 && (int) $thread !== getmypid() ) {
			$names[] = trim( file_get_contents( "/proc/self/task/$thread/comm" ) );
			preg_match( '/^SigBlk:\s*(\w+)$/m', file_get_contents( "/proc/self/task/$thread/status" ), $blocked );
			// Hangup, interrupt, alarm, termination, child, profiling.
			foreach ( array( 1, 2, 14, 15, 17, 27 ) as $signal ) {
				assert( hexdec( substr( $blocked[1], -8 ) ) & ( 1 << ( $signal - 1 ) ), "signal $signal is not blocked" );
			}
		}
	}
	return $names ? implode( ',', $names ) : 'none';
}
WP_Codebox_API::doctor();
WP_Codebox_API::runtime_descriptor();
echo 'before: ', helpers(), "\n";
run( 'edit' );
echo 'after: ', helpers(), "\n";
$pid = pcntl_fork();
if ( 0 === $pid ) {
	echo 'child: ', helpers(), "\n";
	$done = run( 'edit' )['success'];
	echo 'child after: ', helpers(), ' ', var_export( $done, true ), "\n";
	exit( 0 );
}
pcntl_waitpid( $pid, $status );
var_dump( pcntl_wifexited( $status ) && 0 === pcntl_wexitstatus( $status ) );
clean();
?>
--EXPECT--
before: none
after: wp-codebox-watc
child: none
child after: wp-codebox-watc true
bool(true)
