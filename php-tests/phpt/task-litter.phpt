--TEST--
Runs leave no descriptor, no thread and no child behind, whatever way they end
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--FILE--
<?php
require __DIR__ . '/task.inc';
function state(): array {
	$files = array();
	foreach ( scandir( '/proc/self/fd' ) as $fd ) {
		$target = @readlink( "/proc/self/fd/$fd" );
		if ( false !== $target && ! str_starts_with( $target, '/proc/' ) ) {
			$files[] = $target;
		}
	}
	sort( $files );
	return array(
		'threads'  => count( scandir( '/proc/self/task' ) ),
		'children' => file_get_contents( '/proc/self/task/' . getmypid() . '/children' ),
		'files'    => $files,
		'working'  => getcwd(),
		'umask'    => umask(),
	);
}
run( 'edit' );
$before = state();
foreach ( array( 'edit', 'throw', 'exit', 'memory', 'loop', 'error' ) as $ability ) {
	$run   = run( $ability, array( 'task_timeout_seconds' => 20 ) );
	$after = state();
	if ( $after !== $before ) {
		echo "$ability: ", json_encode( array( $before, $after ) ), "\n";
	}
	echo $ability, ' ', $run['success'] ? 'succeeded' : $run['error']['code'], "\n";
}
clean();
?>
--EXPECT--
edit succeeded
throw wp_codebox_run_fatal
exit wp_codebox_run_exited
memory wp_codebox_run_memory_exhausted
loop wp_codebox_run_timeout
error wp_codebox_run_failed
