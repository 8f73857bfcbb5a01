<?php
/**
 * Nested loops over integers: the interpreter's dispatch and little else.
 */

return static function (): string {
	$sum = 0;
	for ( $i = 0; $i < 3000; $i++ ) {
		$j = 0;
		while ( $j < 500 ) {
			$sum = ( $sum * 31 + ( $i ^ $j ) ) & 0x7fffffff;
			if ( ( $sum & 7 ) === 3 ) {
				$sum += $j << 1;
			} elseif ( ( $sum & 3 ) === 1 ) {
				$sum -= $i >> 1;
			}
			++$j;
		}
		switch ( $i % 5 ) {
			case 0:
				$sum += 7;
				break;
			case 1:
				continue 2;
			default:
				$sum |= 1;
		}
	}
	return (string) $sum;
};
