<?php
/**
 * Renders a layout of a hundred sections.
 *
 * @package Page_Builder
 */

return static function (): array {
	$section = array(
		'title' => 'A section',
		'text'  => "A paragraph.\n\nAnother one with <strong>words</strong>.",
	);
	$markup  = ( new Page_Builder\Layout( array( 'long' => array_fill( 0, 100, $section ) ) ) )->render( 'long' );
	return array( 'bytes' => strlen( $markup ) );
};
