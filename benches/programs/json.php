<?php
/**
 * JSON, serialize() and var_export(): writing and reading nested data.
 */

return static function (): string {
	$data = array();
	for ( $i = 0; $i < 700; $i++ ) {
		$data[] = array(
			'id'    => $i,
			'name'  => "Näme \"$i\" / \\ \n",
			'price' => $i * 1.25,
			'tags'  => array( 'a', 'b' . $i, null, true ),
			'deep'  => array( 'x' => array( 'y' => array( 'z' => $i ) ) ),
		);
	}
	$sum = 0;
	for ( $round = 0; $round < 12; $round++ ) {
		$json    = json_encode( $data, JSON_PRETTY_PRINT * ( $round & 1 ) );
		$decoded = json_decode( $json, true );
		$object  = json_decode( $json );
		$sum    += strlen( $json ) + $decoded[ $round ]['deep']['x']['y']['z'] + $object[3]->id;
		$frozen  = serialize( $decoded );
		$sum    += strlen( $frozen ) + count( unserialize( $frozen ) );
	}
	return $sum . ' ' . md5( $json ) . ' ' . crc32( $frozen . var_export( $data[5], true ) );
};
