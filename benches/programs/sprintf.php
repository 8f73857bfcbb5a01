<?php
/**
 * Formatting: printf's conversions, numbers, dates, and parsing them again.
 */

return static function (): string {
	$hash = 0;
	for ( $i = 0; $i < 26000; $i++ ) {
		$line  = sprintf( '%05d|%-8s|%+.3f|%x|%\'*10s|%2$s|%%|%c|%e', $i, 'n' . $i, $i / 7, $i, dechex( $i ), 65 + $i % 26, $i * 1.5 );
		$line .= number_format( $i * 12345.678, 2 ) . ' ' . str_pad( (string) $i, 8, '0', STR_PAD_LEFT );
		if ( 0 === $i % 4 ) {
			$line .= gmdate( 'Y-m-d H:i:s D N', $i * 86399 ) . implode( '-', sscanf( "$i-7", '%d-%d' ) );
		}
		$hash = crc32( $hash . $line );
	}
	return $hash . ' ' . $line;
};
