<?php
/**
 * Tests of layouts.
 *
 * @package Page_Builder
 */

namespace Page_Builder\Tests;

use Page_Builder\Layout;
use PHPUnit\Framework\TestCase;

/**
 * They need a loaded WordPress and the plugin.
 */
final class LayoutTest extends TestCase {

	/**
	 * A layout of two sections.
	 */
	private static function layout(): Layout {
		return new Layout(
			array(
				'home' => array(
					array(
						'title' => 'One & only',
						'text'  => 'First.<script>alert( 1 )</script>',
					),
					array(
						'title' => 'Two',
						'text'  => 'Second.',
					),
				),
			)
		);
	}

	/**
	 * Sections are rendered in their order, without scripts.
	 */
	public function test_sections_are_rendered_in_their_order(): void {
		$markup = self::layout()->render( 'home' );
		self::assertSame( 2, substr_count( $markup, '<section' ) );
		self::assertStringContainsString( '<h2>One &amp; only</h2>', $markup );
		self::assertLessThan( strpos( $markup, 'Second.' ), strpos( $markup, 'First.' ) );
		self::assertStringNotContainsString( '<script', $markup );
	}

	/**
	 * A layout that is not there is nothing.
	 */
	public function test_an_unknown_layout_is_empty(): void {
		self::assertSame( '', self::layout()->render( 'away' ) );
	}

	/**
	 * The plugin's post type and shortcode are there.
	 */
	public function test_wordpress_knows_the_plugin(): void {
		self::assertTrue( post_type_exists( 'builder_page' ) );
		update_option( 'page_builder_layouts', array( 'here' => array( array( 'title' => 'Here', 'text' => 'We are.' ) ) ) );
		self::assertStringContainsString( 'We are.', do_shortcode( '[page_builder layout="here"]' ) );
	}
}
