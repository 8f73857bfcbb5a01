--TEST--
Forked children run tasks, after the parent has and beside it
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
var_dump( run( 'edit' )['success'] );
$children = array();
foreach ( array( 'edit', 'throw' ) as $ability ) {
	$pid = pcntl_fork();
	if ( 0 === $pid ) {
		exit( run( $ability )['success'] ? 10 : 11 );
	}
	$children[ $ability ] = $pid;
}
var_dump( run( 'edit' )['success'] );
foreach ( $children as $ability => $pid ) {
	pcntl_waitpid( $pid, $status );
	echo $ability, ' ', pcntl_wifexited( $status ) ? pcntl_wexitstatus( $status ) : 'signal ' . pcntl_wtermsig( $status ), "\n";
}
clean();
?>
--EXPECT--
bool(true)
bool(true)
edit 10
throw 11
