--TEST--
Fibers: a filter may suspend, several calls may be interleaved, one may be given up
--FILE--
<?php
define( 'ABSPATH', '/nonexistent/' );
function apply_filters( $name, $value, ...$args ) {
	if ( Fiber::getCurrent() && 'wp_codebox_artifacts_root' === $name ) {
		return Fiber::suspend( $name );
	}
	return $value;
}
$run = function ( $n ) {
	foreach ( WP_Codebox_API::doctor() as $check ) {
		if ( 'artifacts_dir' === $check['id'] ) {
			echo "$n: {$check['message']}\n";
		}
	}
};
$fibers = array();
foreach ( array( 1, 2, 3 ) as $n ) {
	$fibers[ $n ] = new Fiber( $run );
	echo $n, ' suspended in ', $fibers[ $n ]->start( $n ), "\n";
}
unset( $fibers[2] );
gc_collect_cycles();
$fibers[3]->resume( '/nonexistent-3' );
$fibers[1]->resume( '/nonexistent-1' );
try {
	$fiber = new Fiber( $run );
	$fiber->start( 4 );
	$fiber->throw( new DomainException( 'into the filter' ) );
} catch ( DomainException $e ) {
	echo $e->getMessage(), "\n";
}
?>
--EXPECT--
1 suspended in wp_codebox_artifacts_root
2 suspended in wp_codebox_artifacts_root
3 suspended in wp_codebox_artifacts_root
3: /nonexistent-3 will be made when it is needed.
1: /nonexistent-1 will be made when it is needed.
into the filter
