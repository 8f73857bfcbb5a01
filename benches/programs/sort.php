<?php
/**
 * Sorting: by value, by key, by a function of the user's, and a quicksort in PHP.
 */

function bench_quicksort( array &$list, int $low, int $high ): void {
	while ( $low < $high ) {
		$pivot = $list[ ( $low + $high ) >> 1 ];
		$i     = $low;
		$j     = $high;
		while ( $i <= $j ) {
			while ( $list[ $i ] < $pivot ) {
				++$i;
			}
			while ( $list[ $j ] > $pivot ) {
				--$j;
			}
			if ( $i <= $j ) {
				$held       = $list[ $i ];
				$list[ $i ] = $list[ $j ];
				$list[ $j ] = $held;
				++$i;
				--$j;
			}
		}
		bench_quicksort( $list, $low, $j );
		$low = $i;
	}
}

return static function (): string {
	$numbers = array();
	$seed    = 42;
	for ( $i = 0; $i < 40000; $i++ ) {
		$seed      = ( $seed * 1103515245 + 12345 ) & 0x7fffffff;
		$numbers[] = $seed >> 4;
	}
	$mine = $numbers;
	bench_quicksort( $mine, 0, count( $mine ) - 1 );
	$theirs = $numbers;
	sort( $theirs );
	$same  = $mine === $theirs ? 'same' : 'different';
	$words = array_map( static fn ( $n ) => base_convert( (string) $n, 10, 36 ), array_slice( $numbers, 0, 9000 ) );
	usort( $words, static fn ( $a, $b ) => strlen( $a ) <=> strlen( $b ) ? : strcmp( $a, $b ) );
	$keyed = array_flip( $words );
	krsort( $keyed );
	asort( $keyed );
	natsort( $words );
	return $same . ' ' . crc32( implode( ',', $words ) . implode( ',', array_keys( $keyed ) ) ) . ' ' . $theirs[77];
};
