<?php
/**
 * Arrays: packed and keyed, the array functions, nested tables, copy on write.
 */

return static function (): string {
	$sieve = array_fill( 0, 400001, true );
	for ( $i = 2; $i * $i <= 400000; $i++ ) {
		if ( $sieve[ $i ] ) {
			for ( $j = $i * $i; $j <= 400000; $j += $i ) {
				$sieve[ $j ] = false;
			}
		}
	}
	$primes = count( array_filter( $sieve ) );

	$table = array();
	for ( $i = 0; $i < 120000; $i++ ) {
		$table[ 'key' . ( $i % 3000 ) ][] = $i;
	}
	$sum = 0;
	foreach ( $table as $key => $list ) {
		$list[] = strlen( $key );
		$sum   += array_sum( $list ) + max( $list ) + count( $table[ $key ] );
	}
	$mapped  = array_map( static fn ( $list ) => $list[0] ?? 0, $table );
	$chunked = array_chunk( array_flip( array_slice( $mapped, 10, 2000 ) ), 7, true );
	$merged  = array_merge( ...array_map( 'array_values', $chunked ) );
	while ( count( $merged ) > 1000 ) {
		array_shift( $merged );
		unset( $merged[ count( $merged ) - 1 ] );
	}
	$sum += count( array_unique( array_merge( $merged, array_keys( $mapped ) ) ) );
	$sum += count( array_intersect_key( $mapped, array_combine( $merged, $merged ) ) );
	list( 'key1' => list( $a, , $b ) ) = $table;
	return "$primes $sum $a $b " . implode( ',', array_splice( $merged, 3, 4, array( 'x' ) ) );
};
