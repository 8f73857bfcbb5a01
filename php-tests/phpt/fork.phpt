--TEST--
Forked children answer, before and after the parent has
--SKIPIF--
<?php
if ( ! function_exists( 'pcntl_fork' ) ) {
	die( 'skip pcntl is missing' );
}
?>
--FILE--
<?php
function child( $n ) {
	$pid = pcntl_fork();
	if ( 0 === $pid ) {
		try {
			WP_Codebox_API::run_agent_task( array() );
		} catch ( WP_Codebox_Exception $e ) {
			exit( 'wp_codebox_task_missing' === $e->get_error_code() && WP_Codebox_API::runtime_descriptor()['success'] ? 10 + $n : 1 );
		}
		exit( 2 );
	}
	pcntl_waitpid( $pid, $status );
	echo pcntl_wifexited( $status ) ? pcntl_wexitstatus( $status ) : 'signal ' . pcntl_wtermsig( $status ), "\n";
}
child( 0 );
WP_Codebox_API::doctor();
child( 1 );
child( 2 );
?>
--EXPECT--
10
11
12
