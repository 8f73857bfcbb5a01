<?php
/**
 * References: in arrays, in foreach, in arguments, in closures, to statics and to globals.
 */

function &bench_slot( array &$store, string $key ) {
	if ( ! isset( $store[ $key ] ) ) {
		$store[ $key ] = 0;
	}
	return $store[ $key ];
}

function bench_swap( &$a, &$b ): void {
	[ $a, $b ] = array( $b, $a );
}

function bench_static(): int {
	static $calls = 0;
	return ++$calls % 1000;
}

return static function (): string {
	$store = array();
	$list  = range( 1, 300 );
	$sum   = 0;
	for ( $round = 0; $round < 250; $round++ ) {
		foreach ( $list as $index => &$item ) {
			$slot  = &bench_slot( $store, 'k' . ( $index % 50 ) );
			$slot += $item;
			$item  = ( $item * 7 + $index ) % 1009;
			unset( $slot );
		}
		unset( $item );
		bench_swap( $list[ $round ], $list[ 299 - $round ] );
		$copy    = $list;
		$copy[0] = 'changed';
		$sum    += $list[0] + count( $copy );
		$add     = static function ( int $n ) use ( &$sum ): void {
			$sum += $n;
		};
		array_walk( $list, static fn ( $value ) => $add( $value & 1 ) );
	}
	$linked          = array( 'self' => 1 );
	$linked['again'] = &$linked['self'];
	$other           = $linked;
	$other['self']   = 5;
	bench_static();
	return $sum . ' ' . array_sum( $store ) . ' ' . $linked['again'] . ' ' . implode( ',', array_slice( $list, 0, 6 ) );
};
