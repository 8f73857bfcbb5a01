<?php
/**
 * Layouts.
 *
 * @package Page_Builder
 */

namespace Page_Builder;

/**
 * Renders the sections of named layouts.
 */
final class Layout {

	/**
	 * Makes a renderer.
	 *
	 * @param array<string, array<int, array{ title: string, text: string }>> $layouts Sections by the layout's name.
	 */
	public function __construct( private readonly array $layouts ) {}

	/**
	 * The markup of a layout; empty if there is none of this name.
	 *
	 * @param string $name The layout's name.
	 */
	public function render( string $name ): string {
		$sections = array_map(
			static fn( array $section ): string => sprintf(
				'<section class="page-builder"><h2>%s</h2>%s</section>',
				esc_html( $section['title'] ),
				wpautop( wp_kses_post( $section['text'] ) )
			),
			$this->layouts[ $name ] ?? array()
		);
		return implode( "\n", $sections );
	}
}
